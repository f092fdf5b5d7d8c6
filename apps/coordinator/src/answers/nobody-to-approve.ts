import { type Failure, type FleetCluster, fail } from '@etcd-rotate/protocol';
import type { CoordinatorParts } from '../coordinator.ts';

/** Why a rotation that takes two persons would wait for ever: said before it begins. */
export function nobodyToApprove(
  { identities }: Pick<CoordinatorParts, 'identities'>,
  { name, policy }: Pick<FleetCluster, 'name' | 'policy'>,
): Failure | undefined {
  if (policy.approvals < 2) return undefined;
  const steering = identities.steering();
  if (steering.length >= policy.approvals) return undefined;
  return fail(
    'needs-approval',
    `${name} wants two persons (approvals: 2), and only ${steering.join(', ') || 'nobody'} may steer: nobody could approve`,
    'make another operator with `etcd-rotate-coordinator init DIR --operator NAME …`, and restart the coordinator',
  ).failure;
}
