import type { Plan, ProofLine } from '@etcd-rotate/protocol';
import colors from 'picocolors';
import { columns } from '../terminal.ts';
import { costOf } from '../way-back-costs.ts';
import { domainBackRows, leavesBackRows, memberRow } from './cluster.ts';
import { warningLines } from './plan-lines.ts';
import { stepLines } from './steps.ts';
import { summary } from './summary.ts';

interface Around {
  rotation: string;
  /** Whether the new CA stays by this plan. */
  keepNewCa: boolean;
  /** What the other of the two would cost, or why it is not possible. */
  other: string;
}

/** The way back of a rotation as an operator reads it: what is put back, in which order, what that costs either way. */
export function wayBackLines(
  { plan, proof }: { plan: Plan; proof: readonly ProofLine[] },
  { rotation, keepNewCa, other }: Around,
): string[] {
  const command = `rotate rollback ${rotation}`;
  const agreed = `${command}${keepNewCa ? ' --keep-new-ca' : ''} --yes --digest ${plan.digest.slice(0, 16)}`;
  const ways = [
    [keepNewCa ? `${command} --keep-new-ca` : command, `(this one)  ${costOf(plan)}`],
    [keepNewCa ? command : `${command} --keep-new-ca`, `            ${other}`],
  ];
  return [
    `${colors.bold(`Way back of ${rotation}`)}  to what ${plan.cluster} had before it`,
    '',
    ...columns([...domainBackRows(plan), memberRow(plan), ...leavesBackRows(plan)]).map(indent),
    '',
    ...stepLines(plan, proof).map((line) => (line ? indent(line) : line)),
    '',
    ...summary(plan, proof),
    '',
    'the ways back there are:',
    ...columns(ways).map(indent),
    ...warningLines(plan),
    '',
    `digest ${plan.digest.slice(0, 16)}; this plan and no other: ${agreed}`,
  ];
}

const indent = (line: string): string => `  ${line}`;
