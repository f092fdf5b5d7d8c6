import type { Domain, Failure, KnownCertificate } from '@etcd-rotate/protocol';
import { fail, slots } from '@etcd-rotate/protocol';
import { issuersOf } from '../trust.ts';
import type { CheckInput } from './check.ts';
import { presentIssuers, saidOf } from './present-issuers.ts';
import {
  bundlesIn,
  casIn,
  leavesIn,
  type SeenBundle,
  type SeenLeaf,
  said,
  verifiersOf,
} from './seen-slots.ts';

// Whether everything is valid now and stays so while a rotation may be under way or held.

/** Every certificate that is sent. */
export function everyCertificateIsInDate(input: CheckInput): Failure[] {
  return leavesIn(input.observations).flatMap(({ seen: { holder }, slot, contents }) =>
    contents.chain.flatMap((certificate, place) => {
      const when = outOfDate(certificate, input);
      if (!when) return [];
      const what =
        place === 0 ? `its ${slot}, ${said(certificate)},` : `in its ${slot}, ${said(certificate)}`;
      return fail(
        'certificate-expired',
        `${holder}: ${what} ${when}`,
        'a rotation starts from a cluster in which everything is valid; replace that leaf under its CA first',
      ).failure;
    }),
  );
}

/** Every CA that is needed to verify what is sent. One that is expired and that nobody needs does no harm. */
export function everyIssuerIsInDate(input: CheckInput): Failure[] {
  const bundles = bundlesIn(input.observations);
  const found = new Map<string, { ca: KnownCertificate; when: string; leaves: SeenLeaf[] }>();
  for (const leaf of leavesIn(input.observations)) {
    for (const { contents } of verifiersOf(leaf.slot, bundles)) {
      const named = contents.bundle.filter((ca) => mayHaveIssued(ca, leaf.contents.chain));
      if (named.some((ca) => staysGood(leaf, ca, input))) continue;
      for (const ca of named) {
        const when = outOfDate(ca, input);
        if (!when) continue;
        const there = found.get(ca.facts.fingerprint) ?? { ca, when, leaves: [] };
        if (!there.leaves.includes(leaf)) there.leaves.push(leaf);
        found.set(ca.facts.fingerprint, there);
      }
    }
  }
  return [...found.values()].map(
    ({ ca, when, leaves }) =>
      fail(
        'certificate-expired',
        `the CA ${said(ca)}, which ${saidOf(leaves)} needs, ${when}`,
        'in time, rotate to a new CA; once it is expired, that is a recovery and no rotation',
      ).failure,
  );
}

/** By its name and, where both say one, its key identifier: an expired CA is found by that, since it verifies nothing. */
function mayHaveIssued({ facts }: KnownCertificate, chain: readonly KnownCertificate[]): boolean {
  return chain.some(
    ({ facts: { issuer, authorityKeyId } }) =>
      facts.subject === issuer &&
      (authorityKeyId === undefined || (facts.subjectKeyId ?? authorityKeyId) === authorityKeyId),
  );
}

function staysGood(
  { slot, contents }: SeenLeaf,
  ca: KnownCertificate,
  { cluster, verify }: CheckInput,
): boolean {
  const [usage = 'clientAuth'] = slots[slot].usages;
  return verify(contents.chain, [ca], usage, cluster.policy.horizon).accepted;
}

function outOfDate(
  { facts }: KnownCertificate,
  { now, cluster: { policy } }: CheckInput,
): string | undefined {
  const { notBefore, notAfter } = facts;
  const at = Date.parse(now);
  if (Date.parse(notBefore) > at || Date.parse(notAfter) <= at) {
    return `is valid from ${notBefore} to ${notAfter}, and it is ${now}`;
  }
  if (Date.parse(notAfter) > at + policy.horizon) return undefined;
  return `is valid only until ${notAfter}, and policy.horizon asks for ${inHours(policy.horizon)} from ${now}`;
}

function inHours(ms: number): string {
  return `${Number((ms / 3_600_000).toFixed(2))} h`;
}

/** etcd and its clients look at the CA's dates too: such a leaf is refused long before it says it ends. */
export function noLeafOutlivesItsCa(input: CheckInput): Failure[] {
  return [...observedOutliving(input), ...newOnesCutShort(input)];
}

function observedOutliving({ observations, verify }: CheckInput): Failure[] {
  const bundles = bundlesIn(observations);
  return leavesIn(observations).flatMap(({ seen: { holder }, slot, contents, leaf }) => {
    const [usage = 'clientAuth'] = slots[slot].usages;
    const verifiers = verifiersOf(slot, bundles);
    const issuers = issuersOf(contents.chain, casIn(verifiers), usage, verify).toSorted(byEnd);
    // Each verifier goes by the last to end of those in its own bundle; the first of them to refuse counts.
    const [last] = verifiers
      .flatMap((verifier) => issuers.findLast((ca) => isIn(verifier, ca)) ?? [])
      .toSorted(byEnd);
    if (!last || Date.parse(leaf.facts.notAfter) <= Date.parse(last.facts.notAfter)) return [];
    return fail(
      'leaf-outlives-ca',
      `${holder}: its ${slot}, ${said(leaf)}, is valid until ${leaf.facts.notAfter}, but its CA ${said(last)} only until ${last.facts.notAfter}`,
      'mind the date of the CA: that is when this leaf is refused',
    ).failure;
  });
}

function byEnd(a: KnownCertificate, b: KnownCertificate): number {
  return Date.parse(a.facts.notAfter) - Date.parse(b.facts.notAfter);
}

function isIn({ contents }: SeenBundle, { facts: { fingerprint } }: KnownCertificate): boolean {
  return contents.bundle.some(({ facts }) => facts.fingerprint === fingerprint);
}

/** The signer lets no leaf end after its CA. */
function newOnesCutShort(input: CheckInput): Failure[] {
  const { cluster, request, now } = input;
  const { ca, leaf } = cluster.profile;
  const at = Date.parse(now);
  const days = `${Math.round(leaf.validity / day)} days of profile.leaf.validity`;
  return request.domains.flatMap((domain) => {
    const issuers = issuersToBe(domain, input);
    if (issuers === 'new') {
      return ca.validity >= leaf.validity
        ? []
        : fail(
            'leaf-outlives-ca',
            `a new CA for domain ${domain} would last ${Math.round(ca.validity / day)} days (profile.ca.validity): its leaves end with it, sooner than the ${days}`,
            'give the CA a longer life than its leaves in the fleet file',
          ).failure;
    }
    return issuers
      .filter(({ facts }) => at + leaf.validity > Date.parse(facts.notAfter))
      .map(
        (issuer) =>
          fail(
            'leaf-outlives-ca',
            `the CA ${said(issuer)} ends on ${issuer.facts.notAfter}: new leaves of domain ${domain} end with it, sooner than the ${days}`,
            'rotate to a new CA (--strategy staged without --ca), or mind that date',
          ).failure,
      );
  });
}

const day = 86_400_000;

/** Who will issue the new leaves of a domain. */
function issuersToBe(domain: Domain, input: CheckInput): 'new' | KnownCertificate[] {
  const { request, held } = input;
  switch (request.strategy) {
    case 'renew':
      return presentIssuers(domain, input).map(({ ca }) => ca);
    case 'staged': {
      const name = request.targets[domain];
      if (name === undefined) return 'new';
      const target = held.get(name);
      return target ? [target] : [];
    }
  }
}
