import { type Rotation, statusOf } from '@etcd-rotate/core';
import type { Stage } from '@etcd-rotate/protocol';

/** What `systemctl status` says of a coordinator that leads. */
export function statusLine(rotations: readonly Rotation[], clusters: number): string {
  const unfinished = rotations.filter(({ state }) => state.status !== 'finished').map(one);
  const idle = `idle: ${clusters} ${clusters === 1 ? 'cluster' : 'clusters'}`;
  return unfinished.join('; ') || idle;
}

function one(rotation: Rotation): string {
  const { cluster, state } = rotation;
  const { stepsDone, stepsAll, underWay, direction } = statusOf(rotation);
  const back = direction === 'back' ? ', on its way back' : '';
  if (state.status === 'held') {
    const { code, message } = state.failure;
    return `${cluster} held after step ${stepsDone} of ${stepsAll}${back}: ${message} (${code})`;
  }
  const stage = stageOf(rotation, underWay);
  const ends = state.status === 'holding' ? ', then it holds' : '';
  const step = Math.min(stepsDone + 1, stepsAll);
  return `${cluster}: ${stage ? `${stage}, ` : ''}step ${step} of ${stepsAll}${back}${ends}`;
}

/** Of what is under way, else of what comes next. Requests for certificates run ahead, so the first one counts. */
function stageOf({ plan, progress }: Rotation, underWay: readonly string[]): Stage | undefined {
  const isNext = underWay.length > 0 ? (id: string) => underWay.includes(id) : (id: string) => !progress[id];
  return plan.steps.find(({ id }) => isNext(id))?.stage;
}
