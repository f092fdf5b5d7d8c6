export { type EtcdVintage, imageOf } from './images.ts';
export type { Machine, Unit } from './machine.ts';
export { type MemberNode, type Nodes, type NodesOptions, nodes } from './nodes.ts';
export { sweep } from './sweep.ts';
