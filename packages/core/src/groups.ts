import type { Step } from '@etcd-rotate/protocol';
import { commandTypesOf } from './commands.ts';
import { gate } from './gate.ts';
import { groupsOf } from './groups-of.ts';
import type { Progress, Rotation } from './rotation.ts';

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
  const well = results.every(({ outcome }) => outcome.ok || mayFail(step));
  return results.length === commandTypesOf(step).length && well;
}

export function mayFail({ action }: Step): boolean {
  return action.type === 'snapshot' && !action.required;
}
