export { observe } from './observe.ts';
export { type Planned, planRotation } from './plan-rotation.ts';
export { asPlanned, planWayBack } from './plan-way-back.ts';
export type { MakeCa, PlanningPorts, Ports, ResultQueue, Sign } from './ports.ts';
export { runRotation } from './run-rotation.ts';
