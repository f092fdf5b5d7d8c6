import type { Failure, Plan } from '@etcd-rotate/protocol';
import type { Coordinator } from './coordinator.ts';
import { planWayBack } from './plan-way-back.ts';
import { costs } from './show-plan/summary.ts';
import { about } from './show-plan/words.ts';
import { columns } from './terminal.ts';

/** What the two ways back would cost, or why there is none: `rotate rollback` with and without `--keep-new-ca`. */
export async function wayBackCosts(coordinator: Coordinator, rotation: string): Promise<string[]> {
  const rows: string[][] = [];
  // One after the other: each looks at every node.
  for (const keepNewCa of [false, true]) {
    const planned = await planWayBack(coordinator, { rotation, keepNewCa });
    const said = planned.ok ? costOf(planned.value.plan) : refusalOf(planned.failures);
    rows.push([`rotate rollback ${rotation}${keepNewCa ? ' --keep-new-ca' : ''}`, said]);
  }
  return columns(rows);
}

export function costOf(plan: Plan): string {
  const { estimate, keepsNewCa } = plan;
  const end = keepsNewCa ? 'the new CA stays trusted' : 'the new CA is taken out again';
  return `${costs(estimate, plan)}, ${about(estimate.seconds)}; ${end}`;
}

export function refusalOf([first]: readonly Failure[]): string {
  return first ? `not now: ${first.message} (${first.code})` : 'not now';
}
