import type { Failure, Result, Step } from '@etcd-rotate/protocol';
import { fail, ok } from '@etcd-rotate/protocol';
import { currentGroup } from './groups.ts';
import type { Rotation } from './rotation.ts';

/** Before what a second operator is asked: before anything is sent to a node, and before old leaves are refused. */
export type Approval = keyof Rotation['approved'];

/**
 * What still has to be approved before a group of steps is begun, where the policy wants two persons. A way back has a
 * policy that wants one: it brings back what was there, and two persons were asked for what led there.
 */
export function approvalBefore(
  group: readonly Step[],
  { plan, approved }: Pick<Rotation, 'plan' | 'approved'>,
): Approval | undefined {
  if (plan.policy.approvals === 1) return undefined;
  if (approved.start === undefined) return 'start';
  return approved.retire === undefined && group.some(refusesOldLeaves) ? 'retire' : undefined;
}

/** What a rotation is held for that a second operator has to approve. An agent may say that code too: that is not enough. */
export function awaitedApproval(rotation: Rotation): Approval | undefined {
  const { state } = rotation;
  if (state.status !== 'held' || state.failure.code !== 'needs-approval') return undefined;
  return approvalBefore(currentGroup(rotation), rotation);
}

/** Whether an operator is another one than who asked for the rotation; gives what he would approve. */
export function mayApprove(rotation: Rotation, operator: string): Result<Approval> {
  const awaited = awaitedApproval(rotation);
  if (!awaited) {
    return fail('wrong-status', `rotation ${rotation.id} waits for no approval`, 'look with `rotate status`');
  }
  if (operator !== rotation.operator) return ok(awaited);
  return fail(
    'needs-approval',
    `${operator} asked for rotation ${rotation.id}, and another operator has to approve it`,
    `another operator runs: rotate approve ${rotation.id}`,
  );
}

export function needsApproval(before: Approval, { id, operator, plan }: Rotation): Failure {
  const hint = `another operator than ${operator} looks at the plan and runs: rotate approve ${id}`;
  switch (before) {
    case 'start':
      return fail(
        'needs-approval',
        `${operator} asked for this rotation of ${plan.cluster}; nothing is done before a second operator approves it`,
        hint,
      ).failure;
    case 'retire': {
      const from = plan.steps.find(refusesOldLeaves)?.id ?? 'here';
      return fail(
        'needs-approval',
        `everybody presents a leaf of the new CA; from ${from} on leaves of the old one are refused, and a second operator than ${operator}, who asked for the rotation, has to approve that`,
        hint,
      ).failure;
    }
  }
}

export function refusesOldLeaves({ stage, action }: Step): boolean {
  return stage === 'retire' && action.type === 'change';
}
