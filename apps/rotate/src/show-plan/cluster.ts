import { type CaRef, holderName, type LeafChange, type Names, type Plan } from '@etcd-rotate/protocol';
import { counted, days, short } from './words.ts';

/** From which CA to which, and what stays beside them. */
export function domainRows(plan: Plan): string[][] {
  return Object.entries(plan.domains).flatMap(([domain, change]) => {
    if (!change) return [];
    const from = change.old.map(
      ({ facts }) => `${facts.subject} (${short(facts.fingerprint)}, until ${facts.notAfter.slice(0, 10)})`,
    );
    const to = describeTarget(plan, change.target);
    const row = [
      `${domain} CA`,
      plan.strategy === 'renew' ? `${to}, stays` : `${from.join(', ') || 'none leaves'} → ${to}`,
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

export function memberRow({ plannedFrom }: Plan): string[] {
  const members = plannedFrom.members.map(
    ({ holder, id, version }) =>
      `${holderName(holder)} ${version}${id === plannedFrom.leader ? ' (leads)' : ''}`,
  );
  return ['members', members.join(', ')];
}

/** To which CA a way back goes, and what becomes of the one that it comes from. */
export function domainBackRows(plan: Plan): string[][] {
  return Object.entries(plan.domains).flatMap(([domain, change]) => {
    if (!change) return [];
    const left = change.old.map(({ facts }) => `${facts.subject} (${short(facts.fingerprint)})`).join(', ');
    return [
      [`${domain} CA`, `back to ${describeTarget(plan, change.target)}`],
      ...(left === ''
        ? []
        : [
            [
              '',
              plan.keepsNewCa ? `${left} stays trusted beside it` : `${left} is taken out of every bundle`,
            ],
          ]),
    ];
  });
}

/** Which leaves of a way back are those from before, and which of them ended too soon and are issued anew. */
export function leavesBackRows({ steps }: Plan): string[][] {
  const leaves = (kind: 'kept' | 'leafOf'): { holder: string; slot: string }[] =>
    steps.flatMap(({ holder, action }) =>
      action.type === 'change'
        ? Object.entries(action.slots).flatMap(([slot, target]) =>
            kind in target ? [{ holder: holderName(holder), slot }] : [],
          )
        : [],
    );
  const [kept, anew] = [leaves('kept'), leaves('leafOf')];
  const of = [...new Set(kept.map(({ holder }) => holder))].join(', ');
  return [
    [
      'leaves',
      kept.length > 0
        ? `${counted(kept.length, 'leaf', 'leaves')} from before put back, each with its key: of ${of}`
        : 'none has to be put back',
    ],
    ...(anew.length > 0
      ? [
          [
            '',
            `issued anew, since what was kept ends too soon: ${anew.map(({ holder, slot }) => `${holder} ${slot}`).join(', ')}`,
          ],
        ]
      : []),
  ];
}

export function leafRow({ profile, steps, leafChanges }: Plan): string[] {
  const leaves = steps.flatMap(({ action }) =>
    action.type === 'change'
      ? Object.values(action.slots).filter((target) => target && 'leafOf' in target)
      : [],
  );
  if (leaves.length === 0) return ['leaves', 'none replaced'];
  const kind = profile.leaf.key ?? 'keys of the same kind';
  const changed = Object.entries(leafChanges).map(([key, change]) => `${key}: ${changesOf(change)}`);
  const same =
    changed.length === 0 ? 'same subjects, names and usages' : `${changed.join('; ')}; all else the same`;
  return [
    'leaves',
    `${counted(leaves.length, 'leaf', 'leaves')} replaced: ${same}, ${kind}, valid ${days(profile.leaf.validity)}`,
  ];
}

function changesOf({ addNames, dropNames, commonName }: LeafChange): string {
  const said = (sign: string, { dns, ip }: Names): string[] =>
    [...dns, ...ip].map((name) => `${sign}${name}`);
  const cn = commonName === undefined ? [] : [`CN=${commonName}`];
  return [...said('+', addNames), ...said('-', dropNames), ...cn].join(' ');
}
