import type { KnownCertificate } from '@etcd-rotate/protocol';
import type { Contents } from './world.ts';

/** What a port of an etcd asks of a certificate beyond a valid chain (facts: etcd, sections 2 and 4). */
export interface EtcdRules {
  /** Serials on the CRL of the port, in lower-case hex as in `CertificateFacts`. Listeners alone look at it. */
  revoked: readonly string[];
  allowedCommonNames: readonly string[];
  allowedHostnames: readonly string[];
  /** Whether the names of a leaf are held against the address that its connection comes from. */
  checksSource: boolean;
}

/** Somebody who connects to a listener of an etcd. */
export interface Arrival {
  chain: Contents;
  /** Every address that the connection may come from. */
  from: readonly string[];
  /** What DNS names resolve to, where the listener runs. */
  resolves: Readonly<Record<string, readonly string[]>>;
}

/** Whether a certificate's names cover a host: a DNS name or an address. */
export type Covers = (certificate: KnownCertificate, host: string) => boolean;

/** Why a listener turns somebody away whose chain is good, or nothing. In the order in which etcd looks. */
export function refusedByListener(arrival: Arrival, rules: EtcdRules, covers: Covers): string | undefined {
  const [leaf] = arrival.chain;
  if (!leaf) return 'no certificate is presented';
  return (
    notAllowed(leaf, rules, covers) ??
    (rules.checksSource ? wrongSource(leaf, arrival, covers) : undefined) ??
    revoked(arrival.chain, rules)
  );
}

/**
 * Why a member or client that dials does not accept what the server shows, although its chain is good, or nothing. Allowed
 * names count in this direction too; a CRL does not (facts: etcd, sections 2 and 4).
 *
 * @param rules `hosts`: every host by which it may dial
 */
export function refusedByDialler(
  chain: Contents,
  rules: Pick<EtcdRules, 'allowedCommonNames' | 'allowedHostnames'> & { hosts: readonly string[] },
  covers: Covers,
): string | undefined {
  const [leaf] = chain;
  if (!leaf) return 'no certificate is presented';
  const uncovered = rules.hosts.find((host) => !covers(leaf, host));
  if (uncovered !== undefined) return `${named(leaf)} is not valid for ${uncovered}, by which it is dialled`;
  return notAllowed(leaf, rules, covers);
}

/** One of the names is enough. A certificate without a common name has the empty one, as for Go. */
function notAllowed(
  leaf: KnownCertificate,
  { allowedCommonNames, allowedHostnames }: Pick<EtcdRules, 'allowedCommonNames' | 'allowedHostnames'>,
  covers: Covers,
): string | undefined {
  if (allowedCommonNames.length > 0 && !allowedCommonNames.includes(leaf.facts.commonName ?? '')) {
    return `only the common name ${allowedCommonNames.join(' or ')} is allowed, not that of ${named(leaf)}`;
  }
  if (allowedHostnames.length > 0 && !allowedHostnames.some((host) => covers(leaf, host))) {
    return `${named(leaf)} is not valid for the host ${allowedHostnames.join(' or ')}, which alone is allowed`;
  }
  return undefined;
}

/**
 * etcd's checkCertSAN. A leaf without names is not looked at. etcd also asks the DNS backwards, which here counts as
 * unknown: so wildcards never match.
 */
function wrongSource(
  leaf: KnownCertificate,
  { from, resolves }: Arrival,
  covers: Covers,
): string | undefined {
  const { dns, ip } = leaf.facts.names;
  if (dns.length + ip.length === 0) return undefined;
  if (from.length === 0)
    return `the address that ${named(leaf)} comes from is not known, and has to be in it`;
  // An address that is written as a DNS name resolves to itself.
  const resolved = (name: string) => [name, ...(Object.hasOwn(resolves, name) ? (resolves[name] ?? []) : [])];
  const isIn = (address: string) =>
    covers(leaf, address) || dns.some((name) => !name.startsWith('*.') && resolved(name).includes(address));
  const stranger = from.find((address) => !isIn(address));
  if (stranger === undefined) return undefined;
  const names = dns.length > 0 ? `, and ${dns.join(', ')} is not known to resolve to it` : '';
  return `${named(leaf)} comes from ${stranger}, which is not among its addresses (${ip.join(', ') || 'none'})${names}`;
}

/** By serial alone, whoever issued it, and every certificate that is presented (facts: etcd, section 2). */
function revoked(chain: Contents, { revoked: serials }: EtcdRules): string | undefined {
  if (serials.length === 0) return undefined;
  const found = chain.find(({ facts }) => serials.includes(facts.serial));
  if (found) return `the serial ${found.facts.serial} of ${named(found)} is on the CRL of the port`;
  const unread = chain.find(({ pem }) => pem.split('-----BEGIN ').length > 2);
  if (unread) return `of what is sent with ${named(unread)} not every serial could be held against the CRL`;
  return undefined;
}

function named({ facts }: KnownCertificate): string {
  return facts.subject || 'a certificate without a subject';
}
