import type { Failure, Step } from '@etcd-rotate/protocol';
import { fail } from '@etcd-rotate/protocol';
import { isBegun, type Rotation } from './rotation.ts';

/**
 * Why a group of steps is not begun, where somebody asked for that: an operator who wants to hold, or the policy before the
 * first step that refuses old leaves. What was begun is brought to its end, and looking changes nothing.
 */
export function holdBefore(group: readonly Step[], rotation: Rotation): Failure | undefined {
  const [first] = group;
  if (!first || group.every(({ action }) => action.type === 'prove') || isOneBegun(group, rotation))
    return undefined;
  const { state, plan } = rotation;
  if (state.status === 'holding') {
    return fail(
      'held-by-operator',
      `${state.operator} asked the rotation to hold; ${first.id} would be next`,
      'everybody trusts everybody as it stands; `rotate resume` goes on, `rotate rollback` goes back',
    ).failure;
  }
  const refuses = plan.steps.find(({ stage, action }) => stage === 'retire' && action.type === 'change');
  const isThere = refuses !== undefined && group.some(({ id }) => id === refuses.id);
  if (!isThere || !plan.policy.confirmRetire || rotation.mayRefuse) return undefined;
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
