import { currentGroup, gate, isAnswered, type Progress, type Rotation } from '@etcd-rotate/core';
import type { Command, CommandResult, Failure, Step } from '@etcd-rotate/protocol';

/** How far a step is, from what was sent for it and what came back. */
export type StepState =
  | { is: 'to-come' }
  | { is: 'under-way'; command: Command }
  | { is: 'done'; result: CommandResult }
  /** Its node could not do it, or what was seen is not what must be proven before the next step. */
  | { is: 'failed'; failure: Failure };

type Where = Pick<Rotation, 'plan' | 'progress'>;

export function stateOf(step: Step, rotation: Where): StepState {
  const { sent = [], results = [] }: Partial<Progress> = rotation.progress[step.id] ?? {};
  const command = sent.find(({ id }) => !results.some((result) => result.id === id));
  if (command) return { is: 'under-way', command };
  const result = results.at(-1);
  if (!result) return { is: 'to-come' };
  const mayFail = step.action.type === 'snapshot' && !step.action.required;
  if (!result.outcome.ok)
    return mayFail ? { is: 'done', result } : { is: 'failed', failure: result.outcome.failure };
  // Certificates are asked for ahead: that is not the step yet.
  if (result.outcome.value.type === 'requested') return { is: 'to-come' };
  const failure = unprovenAt(rotation).get(step.id);
  return failure ? { is: 'failed', failure } : { is: 'done', result };
}

export function isDone(step: Step, rotation: Where): boolean {
  return stateOf(step, rotation).is === 'done';
}

/** The step that a rotation is at, or goes on with: the first that is not done of the group that did not get through. */
export function stepAt(rotation: Where): Step | undefined {
  const group = currentGroup(rotation);
  return group.find((step) => !isDone(step, rotation)) ?? group[0];
}

/** A picture asks it of every step, and nothing of a rotation that was made changes. */
const known = new WeakMap<Where['progress'], { plan: Where['plan']; unproven: Map<string, Failure> }>();

/** By step, why an answer that came well is none to go on with; only in the group that a rotation is at. */
function unprovenAt(rotation: Where): Map<string, Failure> {
  const { plan, progress } = rotation;
  const before = known.get(progress);
  if (before?.plan === plan) return before.unproven;
  const unproven = new Map(unprovenIn(currentGroup(rotation), rotation));
  known.set(progress, { plan, unproven });
  return unproven;
}

function unprovenIn(group: readonly Step[], { plan, progress }: Where): [step: string, why: Failure][] {
  const answered = group
    .filter((step) => isAnswered(step, progress[step.id]))
    .map((step) => ({ step, results: progress[step.id]?.results ?? [] }));
  const alone = answered.flatMap((one): [string, Failure][] => {
    const failure = gate(plan, [one]);
    return failure ? [[one.step.id, failure]] : [];
  });
  if (alone.length > 0 || answered.length < group.length) return alone;
  // Each for itself is in order, and they do not agree with each other: then none of them proves anything.
  const together = gate(plan, answered);
  return together ? answered.map(({ step }) => [step.id, together]) : [];
}
