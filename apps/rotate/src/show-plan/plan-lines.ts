import type { Alternative, Plan, ProofLine } from '@etcd-rotate/protocol';
import colors from 'picocolors';
import { columns } from '../terminal.ts';
import { alternativeRows } from './alternatives.ts';
import { domainRows, leafRow, memberRow } from './cluster.ts';
import { stepLines } from './steps.ts';
import { summary } from './summary.ts';

export interface Shown {
  plan: Plan;
  proof: readonly ProofLine[];
  alternatives: readonly Alternative[];
}

/** The plan as an operator reads it: what changes, in which order, what it costs, and why that is safe. */
export function planLines({ plan, proof, alternatives }: Shown): string[] {
  const restarts = plan.strategy === 'staged' ? `, restarts ${plan.restarts}` : '';
  return [
    `${colors.bold(`Rotation of ${plan.cluster}`)}  strategy ${plan.strategy}${restarts}`,
    '',
    ...columns([...domainRows(plan), memberRow(plan), leafRow(plan)]).map(indent),
    '',
    ...stepLines(plan, proof).map((line) => (line ? indent(line) : line)),
    '',
    ...summary(plan, proof),
    '',
    'the ways there are:',
    ...columns(alternativeRows(plan, alternatives)).map(indent),
    ...warningLines(plan),
    '',
    `digest ${plan.digest.slice(0, 16)}; this plan and no other: --yes --digest ${plan.digest.slice(0, 16)}`,
  ];
}

export function warningLines({ warnings }: Plan): string[] {
  return warnings.flatMap(({ message, hint, code }) => [
    `${colors.yellow('!')} ${message} ${colors.dim(`(${code})`)}`,
    indent(hint),
  ]);
}

const indent = (line: string): string => `  ${line}`;
