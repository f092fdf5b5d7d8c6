import { aCluster } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { nobodyToApprove } from './nobody-to-approve.ts';

const { fleet } = aCluster('a', 'b', 'c');
const cluster = (approvals: 1 | 2) => ({ ...fleet, policy: { ...fleet.policy, approvals } });
const operators = (...names: string[]) => ({ identities: { steering: () => names } });

test.each([
  [2, ['ann'], 'only ann may steer'],
  [2, [], 'only nobody may steer'],
  [2, ['ann', 'bob'], undefined],
  [1, ['ann'], undefined],
] as const)('with approvals: %i and operators %j', (approvals, names, said) => {
  const failure = nobodyToApprove(operators(...names) as never, cluster(approvals));
  expect(failure?.code).toBe(said && 'needs-approval');
  if (said) expect(failure?.message).toContain(said);
});
