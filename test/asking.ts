import type { Lab, Ran } from '@etcd-rotate/lab';
import type { Alternative, Failure, Plan, ProofLine } from '@etcd-rotate/protocol';
import { lastLine } from './reading.ts';

export type DryRun =
  | { ok: true; plan: Plan; proof: ProofLine[]; alternatives: Alternative[] }
  | { ok: false; failures: Failure[] };

/** What `rotate --dry-run --json` answers. */
export async function dryRun(lab: Lab, args: readonly string[] = []): Promise<DryRun> {
  return lastLine(await lab.rotate(['--cluster', 'demo', '--dry-run', '--json', ...args])) as DryRun;
}

/** The plan of a dry run that must not be refused. */
export async function planOf(lab: Lab, args: readonly string[] = []): Promise<Plan> {
  const answer = await dryRun(lab, args);
  if (!answer.ok)
    throw new Error(answer.failures.map(({ code, message }) => `${code}: ${message}`).join('\n'));
  return answer.plan;
}

export function rotateNow(lab: Lab, args: readonly string[] = []): Promise<Ran> {
  return lab.rotate(['--cluster', 'demo', '--yes', '--json', ...args]);
}

/** SIGTERMs that the members got from their service script. */
export function restartsOf(lab: Lab): number {
  return lab.layout.members.reduce((sum, { name }) => sum + lab.etcd(name).restarts().length, 0);
}

/** A step as a reader says it: `trust member/m1 client-bundle+peer-bundle restart`. */
export function changesIn({ steps }: Plan): string[] {
  return steps.flatMap(({ stage, holder, action }) =>
    action.type === 'change'
      ? [`${stage} ${holder} ${Object.keys(action.slots).sort().join('+')} ${action.taken}`]
      : [],
  );
}
