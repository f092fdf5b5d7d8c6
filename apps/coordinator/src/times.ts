import type { Times } from '@etcd-rotate/core';
import { type CommandResult, type Entry, isOfRotation, type Plan } from '@etcd-rotate/protocol';

/**
 * What a member's restart took on a cluster: medians, in milliseconds, over the last of its rotations that restarted any.
 * The gate is counted from when the member served again, so it has the node's own proofs in it. All of it is told by one
 * clock: the coordinator's for the gate, else each node's own.
 */
export function timesOf(entries: readonly Entry[], cluster: string): Times | undefined {
  const rotations = new Map<string, Measured>();
  for (const { at, body } of entries) {
    if (!isOfRotation(body)) continue;
    if (body.type === 'started') {
      if (body.cluster === cluster) rotations.set(body.rotation, { plan: body.plan, members: new Map() });
      continue;
    }
    const rotation = rotations.get(body.rotation);
    if (!rotation) continue;
    if (body.type === 'result') take(rotation, body.result, Date.parse(at));
    // What was waited for while it was held says nothing of the cluster.
    if (body.type === 'held') rotation.waiting = undefined;
  }
  const restarts = [...rotations.values()]
    .map(({ members }) => [...members.values()])
    .findLast((members) => members.length > 0);
  if (!restarts) return undefined;
  const gates = restarts.flatMap(({ gate }) => gate ?? []);
  // A rotation that was held at its first gate has not been measured.
  if (gates.length === 0) return undefined;
  return {
    before: median(restarts.map(({ before }) => before)),
    restart: median(restarts.map(({ restart }) => restart)),
    serve: median(restarts.map(({ serve }) => serve)),
    gate: median(gates),
  };
}

interface Measured {
  plan: Plan;
  /** By the step that changed the member. */
  members: Map<string, Omit<Times, 'gate'> & { gate?: number }>;
  /** The step whose proofs are still coming in, and when its result came. */
  waiting?: { step: string; since: number; prove: number } | undefined;
}

function take(rotation: Measured, { step: id, holder, outcome }: CommandResult, at: number): void {
  const { plan, members, waiting } = rotation;
  if (!outcome.ok) return;
  const { value } = outcome;
  if (value.type === 'changed' && value.restarted && holder.startsWith('member/')) {
    const { before, restart, serve, prove } = value.took;
    members.set(id, { before, restart, serve });
    rotation.waiting = { step: id, since: at, prove };
    return;
  }
  if (value.type !== 'proven' || !waiting) return;
  const action = plan.steps.find((step) => step.id === id)?.action;
  const measured = members.get(waiting.step);
  if (action?.type !== 'prove' || action.final || action.after !== waiting.step || !measured) return;
  members.set(waiting.step, { ...measured, gate: waiting.prove + at - waiting.since });
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  const [low = 0, high = 0] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return Math.round((low + high) / 2);
}
