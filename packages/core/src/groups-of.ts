import type { Step } from '@etcd-rotate/protocol';

/** The steps in the order of their groups; steps of one group may be under way together. */
export function groupsOf(steps: readonly Step[]): Step[][] {
  const byNumber = new Map<number, Step[]>();
  for (const step of steps) byNumber.set(step.group, [...(byNumber.get(step.group) ?? []), step]);
  return [...byNumber.entries()].sort(([a], [b]) => a - b).map(([, group]) => group);
}
