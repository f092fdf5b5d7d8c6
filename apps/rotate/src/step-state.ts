import type { Progress, Rotation } from '@etcd-rotate/core';
import type { Command, CommandResult, Step } from '@etcd-rotate/protocol';

/** How far a step is, from what was sent for it and what came back. */
export type StepState =
  | { is: 'to-come' }
  | { is: 'under-way'; command: Command }
  | { is: 'done'; result: CommandResult }
  | { is: 'failed'; result: CommandResult };

export function stateOf(step: Step, { progress }: Pick<Rotation, 'progress'>): StepState {
  const { sent = [], results = [] }: Partial<Progress> = progress[step.id] ?? {};
  const command = sent.find(({ id }) => !results.some((result) => result.id === id));
  if (command) return { is: 'under-way', command };
  const result = results.at(-1);
  if (!result) return { is: 'to-come' };
  const mayFail = step.action.type === 'snapshot' && !step.action.required;
  if (!result.outcome.ok) return mayFail ? { is: 'done', result } : { is: 'failed', result };
  // Certificates are asked for ahead: that is not the step yet.
  return result.outcome.value.type === 'requested' ? { is: 'to-come' } : { is: 'done', result };
}

export function isDone(step: Step, rotation: Pick<Rotation, 'progress'>): boolean {
  return stateOf(step, rotation).is === 'done';
}

/** The first step that is not done, in the order of the plan: the one that a rotation is at, or goes on with. */
export function stepAt(rotation: Pick<Rotation, 'plan' | 'progress'>): Step | undefined {
  return rotation.plan.steps.find((step) => !isDone(step, rotation));
}
