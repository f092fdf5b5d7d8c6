import { type Failure, fail } from '@etcd-rotate/protocol';

/** What was agreed to beforehand is not what would run now. */
export function anotherPlan(agreed: string, now: string): Failure {
  return fail(
    'plan-changed',
    `the plan that was agreed to has the digest ${agreed}, and the one that would run now ${now.slice(0, 16)}`,
    'something is not as it was: look at this plan, and agree to it or find out what changed',
  ).failure;
}
