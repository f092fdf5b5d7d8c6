import type { Step } from '@etcd-rotate/protocol';
import { commandTypesOf } from './commands.ts';
import { gate } from './gate.ts';
import type { Progress, Rotation } from './rotation.ts';

/** The steps in the order of their groups; steps of one group may be under way together. */
export function groupsOf(steps: readonly Step[]): Step[][] {
  const byNumber = new Map<number, Step[]>();
  for (const step of steps) byNumber.set(step.group, [...(byNumber.get(step.group) ?? []), step]);
  return [...byNumber.entries()].sort(([a], [b]) => a - b).map(([, group]) => group);
}

/** The first group that is not done and proven. */
export function currentGroup({ plan, progress }: Pick<Rotation, 'plan' | 'progress'>): Step[] {
  const unfinished = groupsOf(plan.steps).find(
    (group) =>
      !group.every((step) => isAnswered(step, progress[step.id])) ||
      gate(
        plan,
        group.map((step) => ({ step, results: progress[step.id]?.results ?? [] })),
      ) !== undefined,
  );
  return unfinished ?? [];
}

/** Every command of the step was answered, and well. */
export function isAnswered(step: Step, progress: Progress | undefined): boolean {
  const results = progress?.results ?? [];
  return results.length === commandTypesOf(step).length && results.every(({ outcome }) => outcome.ok);
}
