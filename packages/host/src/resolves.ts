import { lookup } from 'node:dns/promises';
import { canonicalIp } from '@etcd-rotate/pki';
import type { Names } from '@etcd-rotate/protocol';
import { within } from './within.ts';

const longestMs = 1500;

/**
 * What the DNS names of a peer leaf resolve to here, as etcd asks where no address in the leaf is the one that a
 * connection comes from (facts: etcd, section 4). Where the addresses cover all of those, nothing is asked.
 */
export async function resolvesOf(
  names: Names,
  dialledFrom: readonly string[],
): Promise<Record<string, string[]> | undefined> {
  const addresses = new Set(names.ip.map(canonicalIp));
  if (dialledFrom.every((from) => addresses.has(from))) return undefined;
  // A wildcard is no name that could be looked up.
  const hosts = names.dns.filter((name) => !name.includes('*'));
  const found = await Promise.all(hosts.map(async (host) => [host, await addressesOf(host)] as const));
  return Object.fromEntries(found);
}

/** All addresses of a host; none where it is not known, or not within the time that there is. */
export async function addressesOf(host: string): Promise<string[]> {
  const found = await within(longestMs, asked(host), []);
  return [...new Set(found.flatMap(({ address }) => canonicalIp(address) ?? []))].sort();
}

type Found = Awaited<ReturnType<typeof lookupAll>>;
const underWay = new Map<string, Promise<Found>>();
let last: Promise<unknown> = Promise.resolve();

function asked(host: string): Promise<Found> {
  return underWay.get(host) ?? begun(host);
}

/** One name at a time, and each once: an answer that does not come holds one of the few threads that read files. */
function begun(host: string): Promise<Found> {
  const answer = last.then(() => lookupAll(host)).finally(() => underWay.delete(host));
  last = answer.catch(() => undefined);
  underWay.set(host, answer);
  return answer;
}

function lookupAll(host: string) {
  return lookup(host, { all: true });
}
