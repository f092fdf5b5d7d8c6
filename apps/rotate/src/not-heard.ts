import type { Rotation } from '@etcd-rotate/core';
import type { Command } from '@etcd-rotate/protocol';
import { stateOf } from './step-state.ts';

/** Of a held rotation nothing is under way in the sense that somebody waits for it. */
export const mayBeAtWork = 'sent, and its answer was not heard: it may still be at work';

/** Commands whose answers nobody waits for any more, because the rotation is held; keys made ahead change nothing. */
export function unheardOf(rotation: Rotation): Command[] {
  if (rotation.state.status !== 'held') return [];
  return rotation.plan.steps.flatMap((step) => {
    const state = stateOf(step, rotation);
    return state.is === 'under-way' && state.command.body.type !== 'request' ? [state.command] : [];
  });
}

export function notHeard(rotation: Rotation): string[] {
  return unheardOf(rotation).map(({ step, node }) => `${step} on ${node}: ${mayBeAtWork}`);
}
