import type { Rotation } from '@etcd-rotate/core';

/** Restarts, proofs and steps so far, and of how many. */
export function whatItCost({ plan, progress }: Rotation): string {
  const results = Object.values(progress).flatMap((one) => one.results);
  const values = results.flatMap(({ outcome, holder }) =>
    outcome.ok ? [{ value: outcome.value, holder }] : [],
  );
  const restarts = values.filter(
    ({ value, holder }) => value.type === 'changed' && value.restarted && holder.startsWith('member/'),
  ).length;
  const proofs = values.reduce((sum, { value }) => sum + ('proofs' in value ? value.proofs.length : 0), 0);
  return `restarts of etcd: ${restarts} of ${plan.estimate.etcdRestarts}   proofs: ${proofs}`;
}
