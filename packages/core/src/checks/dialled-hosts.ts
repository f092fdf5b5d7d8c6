import type { HolderObservation, NodeObservation } from '@etcd-rotate/protocol';
import { hostsOf, valuesOf } from '../flag-values.ts';
import { membersOf } from '../holders.ts';
import { listedAs } from './endpoints.ts';
import { isLoopback, listenHosts } from './listen-hosts.ts';

/** Why a host has to be in a leaf. */
export interface Need {
  /** The end of a sentence that began with the host. */
  why: string;
  /** Nobody is known to dial it: the member is bound to it, and somebody may. */
  isListenedOnAlone: boolean;
}

/** By `holder slot`: the hosts by which others reach the port, and why each is one. */
export function dialledHosts(observations: readonly NodeObservation[]): Map<string, Map<string, Need>> {
  const members = membersOf(observations);
  const needed = new Map<string, Map<string, Need>>();
  const note = (key: string, hosts: readonly string[], need: Need): void => {
    const there = needed.get(key) ?? new Map<string, Need>();
    for (const host of hosts) if (!there.has(host)) there.set(host, need);
    needed.set(key, there);
  };
  const dialled = (key: string, hosts: readonly string[], why: string): void =>
    note(key, hosts, { why, isListenedOnAlone: false });
  const listenedOn = (key: string, flag: string | undefined, why: string): void =>
    note(key, listenHosts(flag), { why, isListenedOnAlone: true });
  for (const member of members) {
    const { holder, endpoint, peerEndpoint } = member;
    const { clientUrls = [], peerUrls = [] } = listedAs(member) ?? {};
    dialled(`${holder} server-leaf`, hostsOf(clientUrls), 'which it advertises to clients');
    dialled(`${holder} server-leaf`, hostsOf([endpoint]), 'its endpoint in the agent file');
    dialled(`${holder} peer-leaf`, hostsOf(peerUrls), 'which it advertises to its peers');
    dialled(`${holder} peer-leaf`, hostsOf([peerEndpoint]), 'its peerEndpoint in the agent file');
  }
  for (const { node, holders } of observations) {
    for (const { holder, endpoints = [] } of holders) {
      for (const url of endpoints) {
        for (const member of reachedBy(url, node, { observations, members })) {
          dialled(`${member.holder} server-leaf`, hostsOf([url]), `by which ${holder} reaches it`);
        }
      }
    }
  }
  // Last: of a host that somebody dials it is no matter that the member listens on it.
  for (const { holder, flags = {} } of members) {
    const metrics = valuesOf(flags['listen-metrics-urls']).filter((url) => url.startsWith('https://'));
    const readers = 'on which it listens for those who read its metrics';
    listenedOn(`${holder} server-leaf`, flags['listen-client-urls'], 'on which it listens for clients');
    listenedOn(`${holder} server-leaf`, metrics.join(), readers);
    listenedOn(`${holder} peer-leaf`, flags['listen-peer-urls'], 'on which it listens for peers');
  }
  return needed;
}

/**
 * The members that may be behind a URL of a client: those that are known by its host and port, else by its host; on the
 * client's own node for an address of that; else any of them, as behind a balancer.
 */
function reachedBy(
  url: string,
  node: string,
  {
    observations,
    members,
  }: { observations: readonly NodeObservation[]; members: readonly HolderObservation[] },
): readonly HolderObservation[] {
  const urlsOf = (member: HolderObservation): string[] => [
    ...(listedAs(member)?.clientUrls ?? []),
    ...valuesOf(member.flags?.['listen-client-urls']),
  ];
  const [host = ''] = hostsOf([url]);
  const here = observations.filter((one) => one.node === node);
  const bare = url.replace(/\/$/, '');
  return (
    [
      members.filter((member) => urlsOf(member).some((one) => one.replace(/\/$/, '') === bare)),
      members.filter((member) => hostsOf(urlsOf(member)).includes(host)),
      isLoopback(host) ? membersOf(here) : [],
    ].find((found) => found.length > 0) ?? members
  );
}
