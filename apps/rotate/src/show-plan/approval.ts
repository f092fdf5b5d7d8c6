import type { Approval, Rotation } from '@etcd-rotate/core';
import colors from 'picocolors';
import { columns } from '../terminal.ts';
import { whereItStands } from '../where-it-stands.ts';
import { domainRows, leafRow, memberRow } from './cluster.ts';
import { warningLines } from './plan-lines.ts';
import { stepLines } from './steps.ts';
import { summary } from './summary.ts';

/** What a second operator is asked to approve: who asked for it and when, where it stands, and the plan with its cost. */
export function approvalLines(rotation: Rotation, before: Approval): string[] {
  const { id, operator, startedAt, plan } = rotation;
  const restarts = plan.strategy === 'staged' ? `, restarts ${plan.restarts}` : '';
  return [
    `${colors.bold(`Rotation ${id} of ${plan.cluster}`)}  strategy ${plan.strategy}${restarts}`,
    `asked for by ${colors.bold(operator)} at ${startedAt.slice(0, 19).replace('T', ' ')}; to approve: ${what[before]}`,
    ...whereItStands(rotation),
    '',
    ...columns([...domainRows(plan), memberRow(plan), leafRow(plan)]).map(indent),
    '',
    ...stepLines(plan).map((line) => (line ? indent(line) : line)),
    '',
    ...summary(plan),
    'nothing of it was planned without proof that nobody refuses anybody, and each change is proven again before it is made',
    ...warningLines(plan),
    '',
    `digest ${plan.digest.slice(0, 16)}; this plan and no other: rotate approve ${id} --yes --digest ${plan.digest.slice(0, 16)}`,
  ];
}

const what = {
  start: 'that it begins',
  retire: 'that leaves of the old CA are refused from here on',
} as const satisfies Record<Approval, string>;

const indent = (line: string): string => `  ${line}`;
