import type { Rotation } from '@etcd-rotate/core';
import { holderName, type Stage } from '@etcd-rotate/protocol';
import { notHeard } from './not-heard.ts';
import { isDone, stepAt } from './step-state.ts';

/** Where a rotation stands that does not go on: its stage, who is done in it and who is not, and the next step. */
export function whereItStands(rotation: Rotation): string[] {
  const next = stepAt(rotation);
  if (!next) return ['every step is done'];
  const { done, toCome } = holdersIn(rotation, next.stage);
  const back = rotation.plan.direction === 'back' ? ' of the way back' : '';
  const counts = `done: ${names(done)}; to come: ${names(toCome)}`;
  return [
    `it stands in ${next.stage}${back}; ${next.stage === 'prepare' ? 'nothing was changed yet' : counts}`,
    `the next step is ${next.id}; every node has a complete set of files`,
    ...notHeard(rotation),
  ];
}

/** Holders that change in a stage: those that have it and are proven, and the others. The agents' own clients go beside. */
function holdersIn(rotation: Rotation, stage: Stage): { done: string[]; toCome: string[] } {
  const { steps } = rotation.plan;
  const changes = steps.filter((step) => step.stage === stage && step.action.type === 'change');
  const isThrough = ({ id }: { id: string }): boolean =>
    steps
      .filter((step) => step.id === id || (step.action.type === 'prove' && step.action.after === id))
      .every((step) => isDone(step, rotation));
  const named = changes.filter(({ holder }) => !holder.startsWith('client/agent-'));
  return {
    done: named.filter(isThrough).map(({ holder }) => holderName(holder)),
    toCome: named.filter((step) => !isThrough(step)).map(({ holder }) => holderName(holder)),
  };
}

function names(all: readonly string[]): string {
  const shown = all.slice(0, 9).join(', ');
  if (all.length === 0) return 'nobody';
  return all.length > 9 ? `${shown} and ${all.length - 9} more` : shown;
}
