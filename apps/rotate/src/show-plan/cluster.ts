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
