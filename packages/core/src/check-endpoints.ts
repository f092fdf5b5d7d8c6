import type { Failure, HolderObservation, MemberListed } from '@etcd-rotate/protocol';
import { fail } from '@etcd-rotate/protocol';
import type { CheckInput } from './check.ts';
import { hostsOf, valuesOf } from './flag-values.ts';
import { listenHosts } from './listen-hosts.ts';
import { membersOf } from './plan.ts';

// Whether the URLs in the agent files and in etcd's member list are those of the members that are meant.

/** Every node dials a member by these URLs: one that belongs to another process proves nothing about this one. */
export function endpointsAreTheMembersOwn({ observations }: CheckInput): Failure[] {
  return membersOf(observations).flatMap((member) => {
    const listed = listedAs(member);
    if (!listed) return [];
    const { endpoint, peerEndpoint, flags = {} } = member;
    return [
      ...foreign(
        member,
        'endpoint',
        [endpoint],
        [...hostsOf(listed.clientUrls), ...listenHosts(flags['listen-client-urls'])],
      ),
      ...foreign(
        member,
        'peerEndpoint',
        [peerEndpoint],
        [...hostsOf(listed.peerUrls), ...listenHosts(flags['listen-peer-urls'])],
      ),
    ];
  });
}

function foreign(
  { holder }: HolderObservation,
  field: string,
  urls: readonly (string | undefined)[],
  own: readonly string[],
): Failure[] {
  const lower = own.map((host) => host.toLowerCase());
  return hostsOf(urls)
    .filter((host) => !lower.includes(host.toLowerCase()))
    .map(
      (host) =>
        fail(
          'members-differ',
          `${holder}: the host of its ${field} in the agent file, ${host}, is none that it advertises or listens on (${[...new Set(own)].join(', ')})`,
          `name one of those hosts as ${field} in the agent file: every node dials the member by it`,
        ).failure,
    );
}

/** What the flags say was taken up at some start; what others dial is the member list (facts: etcd, section 10). */
export function everyAdvertisedUrlHasTls({ observations }: CheckInput): Failure[] {
  return membersOf(observations).flatMap((member) => {
    const { clientUrls = [], peerUrls = [] } = listedAs(member) ?? {};
    const saidByFlag = valuesOf(member.flags?.['advertise-client-urls']);
    return [...clientUrls.filter((url) => !saidByFlag.includes(url)), ...peerUrls]
      .filter((url) => !url.startsWith('https://'))
      .map(
        (url) =>
          fail(
            'not-modelled',
            `${member.holder}: etcd's member list has a URL of it without TLS, ${url}`,
            'changing to https is another procedure (etcdctl member update and a restart): do that first',
          ).failure,
      );
  });
}

/** A member as it is listed by itself. */
export function listedAs({ status }: HolderObservation): MemberListed | undefined {
  return status?.members.find(({ id }) => id === status.memberId);
}
