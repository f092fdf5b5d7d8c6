import type { Failure, Step } from '@etcd-rotate/protocol';
import { fail } from '@etcd-rotate/protocol';
import { approvalBefore, needsApproval, refusesOldLeaves } from './approval.ts';
import { isBegun, type Rotation } from './rotation.ts';

/**
 * Why a group of steps is not begun, where somebody asked for that: an operator who wants to hold, the policy that wants a
 * second operator, or a confirmation before the first step that refuses old leaves. What was begun is brought to its end,
 * and looking changes nothing. The approval of a second operator is the confirmation as well.
 */
export function holdBefore(group: readonly Step[], rotation: Rotation): Failure | undefined {
  const [first] = group;
  if (!first) return undefined;
  const { state, plan } = rotation;
  const isToBeBegun = group.some(({ action }) => action.type !== 'prove') && !isOneBegun(group, rotation);
  if (isToBeBegun && state.status === 'holding') {
    return fail(
      'held-by-operator',
      `${state.operator} asked the rotation to hold; ${first.id} would be next`,
      'everybody trusts everybody as it stands; `rotate resume` goes on, `rotate rollback` goes back',
    ).failure;
  }
  const approval = approvalBefore(group, rotation);
  if (approval) return needsApproval(approval, rotation);
  const refuses = plan.steps.find(refusesOldLeaves);
  const isThere = refuses !== undefined && group.some(({ id }) => id === refuses.id);
  const isConfirmed = rotation.mayRefuse || rotation.approved.retire !== undefined;
  if (!isToBeBegun || !isThere || !plan.policy.confirmRetire || isConfirmed) return undefined;
  return fail(
    'confirm-retire',
    `everybody presents a leaf of the new CA; from ${refuses.id} on, leaves of the old one are refused`,
    'see that nobody who is not in the fleet file still uses an old leaf; then `rotate resume`, or `rotate rollback`',
  ).failure;
}

function isOneBegun(group: readonly Step[], { progress }: Rotation): boolean {
  return group.some(({ id }) => {
    const one = progress[id];
    return one !== undefined && isBegun(one);
  });
}
