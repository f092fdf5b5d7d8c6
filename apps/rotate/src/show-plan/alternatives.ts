import type { Alternative, Plan } from '@etcd-rotate/protocol';
import { costs } from './summary.ts';
import { about } from './words.ts';

/** Each way in one line, with what it would cost here, or why it is not possible. */
export function alternativeRows(plan: Plan, alternatives: readonly Alternative[]): string[][] {
  return alternatives.map(({ strategy, restarts, outcome }) => {
    const asked = plan.strategy === strategy && (strategy !== 'staged' || plan.restarts === restarts);
    const way = strategy === 'staged' ? `--strategy staged --restarts ${restarts}` : `--strategy ${strategy}`;
    const said =
      'estimate' in outcome
        ? `${costs(outcome.estimate, plan)}, ${about(outcome.estimate.seconds)}`
        : `not now: ${outcome.refusal.message} (${outcome.refusal.code})`;
    return [asked ? `${way}  (this one)` : way, what[strategy], said];
  });
}

const what = {
  staged: 'another CA',
  renew: 'other leaves, the same CA',
} as const satisfies Record<Alternative['strategy'], string>;
