import type { RotationStatus } from '@etcd-rotate/protocol';
import { isAnswered } from './groups.ts';
import { inFlight, type Rotation } from './rotation.ts';

/** A rotation as an operator is told of it. */
export function statusOf(rotation: Rotation): RotationStatus {
  const { state, plan, progress } = rotation;
  return {
    rotation: rotation.id,
    cluster: rotation.cluster,
    operator: rotation.operator,
    startedAt: rotation.startedAt,
    status: state.status,
    direction: plan.direction,
    ...(state.status === 'held' ? { failure: state.failure } : {}),
    ...(state.status === 'finished' ? { outcome: state.outcome, endedAt: state.endedAt } : {}),
    stepsDone: plan.steps.filter((step) => isAnswered(step, progress[step.id])).length,
    stepsAll: plan.steps.length,
    underWay: plan.steps.filter((step) => inFlight(progress[step.id])).map(({ id }) => id),
  };
}
