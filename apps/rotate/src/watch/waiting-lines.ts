import type { Rotation } from '@etcd-rotate/core';
import type { Command, Policy } from '@etcd-rotate/protocol';
import colors from 'picocolors';
import { lasting } from '../durations.ts';
import { stateOf } from '../step-state.ts';

/** A restart takes some seconds; who is silent for longer is worth a line. */
const silentMs = 5_000;

/** Nodes that have not answered for a while, with what they were told. A journal does not tell whether they took it. */
export function waitingLines(rotation: Rotation, now: Date): string[] {
  const { steps, policy } = rotation.plan;
  const oldest = new Map<string, Command>();
  for (const step of steps) {
    const state = stateOf(step, rotation);
    if (state.is !== 'under-way') continue;
    const { command } = state;
    const known = oldest.get(command.node);
    if (!known || command.issuedAt < known.issuedAt) oldest.set(command.node, command);
  }
  return [...oldest.values()].flatMap(({ node, step, issuedAt, body }) => {
    const silent = now.getTime() - Date.parse(issuedAt);
    if (silent < silentMs) return [];
    return [
      `${colors.yellow('!')} no answer from node ${node} for ${lasting(silent)} (${body.type} of ${step})`,
      `  the rotation holds when the policy's patience is over: ${patienceOf(policy)}`,
    ];
  });
}

/** One that cannot be told is away; one that was told has its time first. */
function patienceOf({ patience, stepTimeout }: Policy): string {
  return `${lasting(patience)} where it cannot be reached, ${lasting(stepTimeout + patience)} where it is at work`;
}
