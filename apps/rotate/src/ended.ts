import type { Rotation } from '@etcd-rotate/core';
import type { KnownCertificate } from '@etcd-rotate/protocol';
import colors from 'picocolors';
import { counted, short } from './show-plan/words.ts';
import type { Tally } from './tally.ts';
import { columns } from './terminal.ts';

/** What a rotation cost, and what is new or is back, once it is finished. */
export function ended(rotation: Rotation, tally: Tally): string[] {
  const { restarts, leaderMoves, proofs, clientsTaken, seconds, outcome } = tally;
  const good = outcome === 'abandoned' ? colors.yellow : colors.green;
  const cost = [
    `${counted(restarts, 'restart')} of etcd`,
    `${counted(clientsTaken, 'change')} of clients`,
    counted(leaderMoves, 'leader move'),
    counted(proofs, 'proof'),
    `${seconds.toFixed(1)} s`,
  ].join(', ');
  const way = rotation.plan.direction === 'back' ? ' on the way back' : '';
  return [
    '',
    `${good(outcome ?? 'finished')}: ${cost}${way}`,
    ...(outcome === 'rolled-back' ? wentBack(rotation, tally) : isNew(tally)),
  ];
}

function isNew({ cas, leaves }: Tally): string[] {
  const rows = [
    ...cas.map(({ name, facts }) => [
      'CA',
      name,
      facts.subject,
      short(facts.fingerprint),
      until(facts.notAfter),
    ]),
    ...leaves.map(({ holder, slot, facts }) => [
      'leaf',
      `${holder} ${slot}`,
      facts.subject,
      short(facts.fingerprint),
      until(facts.notAfter),
    ]),
  ];
  return rows.length > 0 ? ['what is new:', ...columns(rows).map((line) => `  ${line}`)] : [];
}

/** What was put back, and what is left of what the way out made. */
function wentBack(rotation: Rotation, { leaves, cas }: Tally): string[] {
  const { plan } = rotation;
  const kept = plan.steps.flatMap(({ holder, action }) =>
    action.type === 'change'
      ? Object.entries(action.slots).flatMap(([slot, target]) =>
          'kept' in target ? [`${holder} ${slot}`] : [],
        )
      : [],
  );
  return [
    kept.length > 0
      ? `put back: ${kept.length} leaves that were there before, with their keys`
      : 'no leaf had to be put back',
    ...(leaves.length > 0
      ? [
          `issued anew by the CA from before: ${leaves.map(({ holder, slot }) => `${holder} ${slot}`).join(', ')}`,
        ]
      : []),
    ...leftOver(rotation, cas),
    ...notAsBefore(plan),
  ];
}

/** What others have changed is not the rotation's to take back. */
function notAsBefore({ warnings }: Rotation['plan']): string[] {
  if (warnings.length === 0) return [];
  return [
    'not everything is as it was before; when it turned back it was known that:',
    ...warnings.map(({ message, code }) => `  ${message} (${code})`),
  ];
}

function leftOver({ plan, cluster }: Rotation, made: Tally['cas']): string[] {
  const names = made.map(({ name, facts }) => `${name} (${short(facts.fingerprint)})`).join(', ');
  const left = Object.values(plan.domains).flatMap(({ old }) => old);
  if (left.length === 0) return names ? [`nobody trusts ${names}: it had come to no bundle`] : [];
  if (!plan.keepsNewCa) {
    return [
      `nobody trusts ${names || 'the CA that it should have ended on'} any more; nothing is left of it in any bundle`,
    ];
  }
  return [
    `still trusted beside the old CA: ${left.map(describe).join(', ')}`,
    `it signs nothing that is in use; take it out later with: ${takeOut(plan, cluster, left)}`,
  ];
}

function describe({ facts }: KnownCertificate): string {
  return `${facts.subject} (${short(facts.fingerprint)})`;
}

/** A rotation to the CA that is there changes nothing but what it is told to retire. */
function takeOut({ domains }: Rotation['plan'], cluster: string, left: readonly KnownCertificate[]): string {
  const prints = [...new Set(left.map(({ facts }) => short(facts.fingerprint)))];
  const targets = Object.entries(domains).flatMap(([domain, { target }]) =>
    target.role === 'held' ? [`--ca ${domain}=${target.name}`] : [],
  );
  const retire = prints.map((print) => `--retire ${print}`).join(' ');
  if (targets.length < Object.keys(domains).length) {
    return `${retire}, given to the next rotation of ${cluster}`;
  }
  return `rotate --cluster ${cluster}${domainOption(domains)} ${targets.join(' ')} ${retire}`;
}

function domainOption(domains: Rotation['plan']['domains']): string {
  const [only, ...more] = Object.keys(domains);
  return only !== undefined && more.length === 0 ? ` --domain ${only}` : '';
}

function until(notAfter: string): string {
  return `until ${notAfter.slice(0, 10)}`;
}
