import type { Failure, HolderObservation, MemberListed } from '@etcd-rotate/protocol';
import { fail } from '@etcd-rotate/protocol';
import { hostsOf, valuesOf } from '../flag-values.ts';
import { membersOf } from '../holders.ts';
import type { CheckInput } from './check.ts';
import { isLoopback, listenHosts, listensEverywhere } from './listen-hosts.ts';

// Whether the URLs in the agent files and in etcd's member list are those of the members that are meant.

/**
 * Every node dials a member by these URLs: one that belongs to another process proves nothing about this one. Where a
 * member listens on every address of its node, any name may be one of it; whether its leaf has that name is asked elsewhere.
 */
export function endpointsAreTheMembersOwn({ observations }: CheckInput): Failure[] {
  return membersOf(observations).flatMap((member) => {
    const listed = listedAs(member);
    if (!listed) return [];
    const { holder, endpoint, peerEndpoint, flags = {} } = member;
    return [
      { field: 'endpoint', url: endpoint, urls: listed.clientUrls, flag: flags['listen-client-urls'] },
      { field: 'peerEndpoint', url: peerEndpoint, urls: listed.peerUrls, flag: flags['listen-peer-urls'] },
    ].flatMap(({ field, url, urls, flag }) => {
      const own = [...new Set([...hostsOf(urls), ...listenHosts(flag)])];
      const isOwn = (host: string) => own.some((one) => one.toLowerCase() === host.toLowerCase());
      // By a loopback address every other node would reach itself, whatever this one listens on.
      const isAnyName = (host: string) =>
        listensEverywhere(flag) && !(isLoopback(host) && observations.length > 1);
      return hostsOf([url])
        .filter((host) => !isOwn(host) && !isAnyName(host))
        .map(
          (host) =>
            fail(
              'members-differ',
              `${holder}: the host of its ${field} in the agent file, ${host}, is none that it advertises or listens on (${own.join(', ')})`,
              `name one of those hosts as ${field} in the agent file: every node dials the member by it`,
            ).failure,
        );
    });
  });
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
