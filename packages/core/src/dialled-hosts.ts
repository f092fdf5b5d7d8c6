import type { HolderObservation, NodeObservation } from '@etcd-rotate/protocol';
import { listedAs } from './check-endpoints.ts';
import { hostsOf, valuesOf } from './flag-values.ts';
import { listenHosts } from './listen-hosts.ts';
import { membersOf } from './plan.ts';

/** By `holder slot`: the hosts by which others reach the port, and why each is one. */
export function dialledHosts(observations: readonly NodeObservation[]): Map<string, Map<string, string>> {
  const members = membersOf(observations);
  const needed = new Map<string, Map<string, string>>();
  const need = (key: string, hosts: readonly string[], why: string): void => {
    const there = needed.get(key) ?? new Map<string, string>();
    for (const host of hosts) if (!there.has(host)) there.set(host, why);
    needed.set(key, there);
  };
  for (const member of members) {
    const { holder, endpoint, peerEndpoint, flags = {} } = member;
    const { clientUrls = [], peerUrls = [] } = listedAs(member) ?? {};
    const metrics = valuesOf(flags['listen-metrics-urls']).filter((url) => url.startsWith('https://'));
    const server = `${holder} server-leaf`;
    need(server, hostsOf(clientUrls), 'which it advertises to clients');
    need(server, hostsOf([endpoint]), 'its endpoint in the agent file');
    need(server, listenHosts(flags['listen-client-urls']), 'on which it listens for clients');
    need(server, listenHosts(metrics.join()), 'on which it listens for those who read its metrics');
    const peer = `${holder} peer-leaf`;
    need(peer, hostsOf(peerUrls), 'which it advertises to its peers');
    need(peer, hostsOf([peerEndpoint]), 'its peerEndpoint in the agent file');
    need(peer, listenHosts(flags['listen-peer-urls']), 'on which it listens for peers');
  }
  for (const { node, holders } of observations) {
    for (const { holder, endpoints = [] } of holders) {
      for (const url of endpoints) {
        for (const member of reachedBy(url, node, { observations, members })) {
          need(`${member.holder} server-leaf`, hostsOf([url]), `by which ${holder} reaches it`);
        }
      }
    }
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

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\./.test(host);
}
