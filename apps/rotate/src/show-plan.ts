import {
  type CaRef,
  type HolderId,
  holderName,
  type KnownCertificate,
  type Plan,
  type ProofLine,
  type Slot,
  type SlotTarget,
  type Step,
  slots as slotKinds,
} from '@etcd-rotate/protocol';
import colors from 'picocolors';
import { columns } from './terminal.ts';

/** The plan as an operator reads it: what changes, in which order, and why that is safe. */
export function planLines(plan: Plan, proof: readonly ProofLine[]): string[] {
  return [
    `${colors.bold(`Rotation of ${plan.cluster}`)}  strategy ${plan.strategy}, restarts ${plan.restarts}`,
    '',
    ...columns([...domainRows(plan), ...memberRows(plan)]).map(indent),
    '',
    ...columns([['step', 'what changes', 'taken up by', 'if it stops there'], ...stepRows(plan, proof)]).map(
      (line, i) => indent(i === 0 ? colors.dim(line) : line),
    ),
    '',
    ...summary(plan, proof),
    ...plan.warnings.map(({ message, hint }) => `${colors.yellow('!')} ${message}; ${hint}`),
  ];
}

function domainRows(plan: Plan): string[][] {
  return Object.entries(plan.domains).flatMap(([domain, change]) => {
    if (!change) return [];
    const from = change.old.map(
      ({ facts }) => `${facts.subject} (${short(facts.fingerprint)}, until ${facts.notAfter.slice(0, 10)})`,
    );
    const row = [
      `${domain} CA`,
      `${from.join(', ') || 'none leaves'} → ${describeTarget(plan, change.target)}`,
    ];
    const others = change.others.map(({ facts }) => [
      '',
      `left alone: ${facts.subject} (${short(facts.fingerprint)})`,
    ]);
    return [row, ...others];
  });
}

function describeTarget(plan: Plan, target: CaRef): string {
  switch (target.role) {
    case 'new': {
      const kind = plan.profile.ca.key ?? 'a key of the same kind';
      return `${target.name} (${kind}, ${days(plan.profile.ca.validity)})`;
    }
    case 'held':
      return `${target.name} (${target.certificate.facts.subject}, ${short(target.certificate.facts.fingerprint)})`;
    case 'seen':
      return target.certificate.facts.subject;
  }
}

function memberRows({ plannedFrom, profile, steps }: Plan): string[][] {
  const members = plannedFrom.members.map(
    ({ holder, id, version }) =>
      `${holderName(holder)} ${version}${id === plannedFrom.leader ? ' (leads)' : ''}`,
  );
  const leaves = steps.flatMap(({ action }) =>
    action.type === 'change'
      ? Object.values(action.slots).filter((target) => target && 'leafOf' in target)
      : [],
  );
  const kind = profile.leaf.key ?? 'keys of the same kind';
  return [
    ['members', members.join(', ')],
    [
      'leaves',
      `${leaves.length} replaced: same subjects, names and usages, ${kind}, valid ${days(profile.leaf.validity)}`,
    ],
  ];
}

function stepRows(plan: Plan, proof: readonly ProofLine[]): string[][] {
  const rows: string[][] = [];
  for (const step of plan.steps) {
    const row = rowOf(plan, step, proof);
    if (row) rows.push(row);
  }
  return rows;
}

/** Looks of other nodes follow every change of a member; they are one thing with it for a reader. */
function rowOf(
  plan: Plan,
  { id, node, holder, action }: Step,
  proof: readonly ProofLine[],
): string[] | undefined {
  switch (action.type) {
    case 'prepare':
      return [
        id,
        `on ${node}: a copy of every slot file, links to the same bytes`,
        '-',
        'nothing has changed',
      ];
    case 'snapshot':
      return [id, `on ${node}: a snapshot of the data through ${holder}`, '-', 'nothing has changed'];
    case 'prove':
      return undefined;
    case 'change': {
      const line = proof.find(({ step }) => step === id);
      return [id, changes(plan, action.slots), takenUp(action, holder), standing(line)];
    }
  }
}

/** `client-bundle + new-client-ca`: what comes to a slot and what leaves it; the whole of it is in --json. */
function changes(plan: Plan, slots: Partial<Record<Slot, SlotTarget>>): string {
  return (Object.entries(slots) as [Slot, SlotTarget][])
    .map(([slot, target]) => {
      if ('leafOf' in target) return `${slot} of ${caName(target.leafOf)}`;
      const old = plan.domains[slotKinds[slot].domain]?.old ?? [];
      const stays = (ca: KnownCertificate): boolean =>
        target.bundle.some(
          (ref) => ref.role === 'seen' && ref.certificate.facts.fingerprint === ca.facts.fingerprint,
        );
      const leaving = old
        .filter((ca) => !stays(ca))
        .map((certificate) => caName({ role: 'seen', certificate }));
      if (leaving.length > 0) return `${slot} - ${leaving.join(' - ')}`;
      return `${slot} + ${target.bundle
        .filter(({ role }) => role !== 'seen')
        .map(caName)
        .join(' + ')}`;
    })
    .join(', ');
}

function caName(ref: CaRef): string {
  if (ref.role !== 'seen') return ref.name;
  const { commonName, subject, fingerprint } = ref.certificate.facts;
  return `"${commonName ?? subject}" (${short(fingerprint)})`;
}

function takenUp(action: Extract<Step['action'], { type: 'change' }>, holder: HolderId): string {
  const first = action.handOverTo ? `lead to ${holderName(action.handOverTo)}, ` : '';
  switch (action.taken) {
    case 'restart':
      return `${first}restart of ${holderName(holder)}`;
    case 'reload':
      return `reload of ${holderName(holder)}`;
    case 'by-itself':
      return 'the next connection';
  }
}

function standing(line: ProofLine | undefined): string {
  if (!line) return 'not proven';
  return line.strangers.length === 0 ? 'everybody trusts everybody' : `✗ ${line.strangers[0]}`;
}

function summary({ estimate, digest, policy }: Plan, proof: readonly ProofLine[]): string[] {
  const handshakes = proof.reduce((sum, line) => sum + line.handshakes, 0);
  const clients = [
    estimate.clientRestarts > 0 ? `${estimate.clientRestarts} restarts of clients` : '',
    estimate.clientReloads > 0 ? `${estimate.clientReloads} reloads of clients` : '',
  ].filter(Boolean);
  return [
    [
      `${estimate.etcdRestarts} restarts of etcd, one member at a time`,
      ...clients,
      `${estimate.leaderMoves} leader moves`,
    ].join(', '),
    `after each member every node looks at every other one; snapshot ${policy.snapshot}, settle ${policy.settle / 1000} s`,
    `proof: ${handshakes} handshakes decided with throw-away certificates of the same profile, for every step with each file`,
    '       replaced or not yet and each process restarted or not: nobody refuses anybody',
    `digest ${digest.slice(0, 16)}`,
  ];
}

export const short = (fingerprint: string): string => fingerprint.slice(0, 8);
const indent = (line: string): string => `  ${line}`;
const days = (ms: number): string => `${Math.round(ms / 86_400_000)} days`;
