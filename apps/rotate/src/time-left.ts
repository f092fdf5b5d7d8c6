import { groupsOf, type Rotation } from '@etcd-rotate/core';
import type { Step } from '@etcd-rotate/protocol';
import { isDone, stateOf } from './step-state.ts';

/**
 * How long a rotation will still take, in milliseconds, or nothing when it does not go on by itself. At first that is what
 * its plan says; the more of it is done, the more what its steps took so far counts.
 */
export function timeLeft(rotation: Rotation, now: Date): number | undefined {
  if (rotation.state.status !== 'running') return undefined;
  const groups = groupsOf(rotation.plan.steps);
  const all = sum(groups.map(weight));
  if (all === 0) return undefined;
  const done = groups.filter((group) => group.every((step) => isDone(step, rotation)));
  const doneWeight = sum(done.map(weight));
  const spent = sum(done.map((group) => span(group, rotation)));
  const planned = (rotation.plan.estimate.seconds * 1000) / all;
  const measured = doneWeight > 0 ? spent / doneWeight : planned;
  const share = doneWeight / all;
  const each = planned * (1 - share) + measured * share;
  const current = groups.find((group) => !done.includes(group)) ?? [];
  const underWay = Math.min(since(current, rotation, now), each * weight(current));
  return Math.max(0, each * (all - doneWeight) - underWay);
}

/** A restart is what takes time; beside it what others do at once does not count. */
function weight(group: readonly Step[]): number {
  return Math.max(0, ...group.map(weightOf));
}

function weightOf({ action, holder }: Step): number {
  switch (action.type) {
    case 'prepare':
    case 'snapshot':
      return 2;
    case 'prove':
      return 1;
    case 'change':
      if (action.taken === 'restart') return holder.startsWith('member/') ? 6 : 8;
      return 1;
  }
}

/** From its first command to its last answer. Certificates are asked for ahead, while others are at work. */
function span(group: readonly Step[], rotation: Rotation): number {
  const begun = begunAt(group, rotation);
  const answered = group.flatMap(({ id }) =>
    (rotation.progress[id]?.results ?? []).map(({ at }) => Date.parse(at)),
  );
  return begun === undefined || answered.length === 0 ? 0 : Math.max(0, Math.max(...answered) - begun);
}

function since(group: readonly Step[], rotation: Rotation, now: Date): number {
  const isUnderWay = group.some((step) => stateOf(step, rotation).is === 'under-way');
  const begun = begunAt(group, rotation);
  return begun === undefined || !isUnderWay ? 0 : Math.max(0, now.getTime() - begun);
}

function begunAt(group: readonly Step[], { progress }: Rotation): number | undefined {
  const sent = group.flatMap(({ id }) =>
    (progress[id]?.sent ?? []).flatMap(({ body, issuedAt }) =>
      body.type === 'request' ? [] : [Date.parse(issuedAt)],
    ),
  );
  return sent.length === 0 ? undefined : Math.min(...sent);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, one) => total + one, 0);
}
