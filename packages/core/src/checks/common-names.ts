import type { Failure } from '@etcd-rotate/protocol';
import { fail } from '@etcd-rotate/protocol';
import { factsFor } from '../etcd-versions.ts';
import { valuesOf } from '../flag-values.ts';
import { membersOf } from '../holders.ts';
import type { CheckInput } from './check.ts';
import { type Replaced, replacedLeaves } from './new-leaf.ts';

/**
 * A common name decides who is let in: under etcd auth it is the user of a client, and with --peer-cert-allowed-cn it is
 * what lets a member in (facts: etcd, sections 4 and 9). That of a server leaf decides nothing.
 */
export function commonNamesLetInAsBefore(input: CheckInput): Failure[] {
  return replacedLeaves(input)
    .filter(({ leaf, next }) => leaf.facts.commonName !== next.facts.commonName)
    .flatMap((changing) => whoIsTurnedAway(changing, input));
}

function whoIsTurnedAway(changing: Replaced, input: CheckInput): Failure[] {
  switch (changing.slot) {
    case 'client-leaf':
      return anotherUser(changing, input);
    case 'peer-leaf':
      return notLetIn(changing, input);
    case 'server-leaf':
    case 'client-bundle':
    case 'server-bundle':
    case 'peer-bundle':
      return [];
  }
}

function anotherUser({ seen, leaf, next }: Replaced, { observations }: CheckInput): Failure[] {
  const auth = membersOf(observations).flatMap(({ status }) => status?.auth ?? 'unknown');
  if (auth.every((one) => one === 'off')) return [];
  const on = auth.some((one) => one === 'root' || one === 'limited') ? 'is on' : 'may be on';
  return [
    fail(
      'common-name-changes',
      `${seen.holder}: the common name of its client-leaf would change from ${quoted(leaf)} to ${quoted(next)}, and etcd auth ${on}: it would be another user`,
      'leave commonName of that client out of the fleet file: a client stays the user that it is',
    ).failure,
  ];
}

function notLetIn({ seen, next }: Replaced, { observations }: CheckInput): Failure[] {
  return membersOf(observations).flatMap(({ holder, flags = {}, status }) => {
    const flag = flags['peer-cert-allowed-cn'];
    if (holder === seen.holder || !flag) return [];
    const allowed = status && factsFor(status.version)?.takesLists ? valuesOf(flag) : [flag];
    if (allowed.includes(next.facts.commonName ?? '')) return [];
    return fail(
      'common-name-changes',
      `${seen.holder}: its new peer-leaf would have the common name ${quoted(next)}, and ${holder} lets in ${allowed.join(' or ')} alone (--peer-cert-allowed-cn)`,
      status && factsFor(status.version)?.takesLists
        ? 'restart every member with both names in --peer-cert-allowed-cn first'
        : `etcd ${status?.version} takes one name alone: leave commonName out of the fleet file`,
    ).failure;
  });
}

function quoted({ facts }: Replaced['leaf']): string {
  return facts.commonName === undefined ? 'none' : `"${facts.commonName}"`;
}
