import type { CaRef, Domain, KnownCertificate, Result, RotationRequest } from '@etcd-rotate/protocol';
import { fail, ok, slots, slotsOf } from '@etcd-rotate/protocol';
import { issuersOf, type Verify } from './trust.ts';
import type { Contents, World } from './world.ts';

/** A trust domain of a plan: which CAs leave, which one it ends on, which are left alone. */
export interface DomainToRotate {
  old: KnownCertificate[];
  target: CaRef;
  others: KnownCertificate[];
  isOfTarget(chain: Contents): boolean;
}

/**
 * Finds the CAs of each domain from what is presented and from the bundles that verify it. Where both domains have the
 * same CA they end on the same new one.
 */
export function domainsToRotate(
  request: RotationRequest,
  world: World,
  held: ReadonlyMap<string, KnownCertificate>,
  verify: Verify,
): Result<Partial<Record<Domain, DomainToRotate>>> {
  const found: Partial<Record<Domain, { issuers: KnownCertificate[]; bundles: KnownCertificate[] }>> = {};
  for (const domain of request.domains) {
    const seen = issuersIn(domain, world, verify);
    if (!seen.ok) return seen;
    found[domain] = seen.value;
  }
  const shared = sharesCa(found.client?.issuers ?? [], found.peer?.issuers ?? []);
  const result: Partial<Record<Domain, DomainToRotate>> = {};
  for (const domain of request.domains) {
    const { issuers = [], bundles = [] } = found[domain] ?? {};
    const target = targetOf(domain, request, shared, held);
    if (!target.ok) return target;
    const targetCa = target.value.role === 'new' ? undefined : target.value.certificate;
    const is = (a: KnownCertificate, b?: KnownCertificate) => a.facts.fingerprint === b?.facts.fingerprint;
    const old = issuers.filter((ca) => !is(ca, targetCa));
    result[domain] = {
      old,
      target: target.value,
      others: bundles.filter((ca) => !is(ca, targetCa) && !old.some((one) => is(one, ca))),
      isOfTarget: (chain) => targetCa !== undefined && verify(chain, [targetCa], 'clientAuth').accepted,
    };
  }
  return ok(result);
}

function targetOf(
  domain: Domain,
  request: RotationRequest,
  shared: boolean,
  held: ReadonlyMap<string, KnownCertificate>,
): Result<CaRef> {
  const name = request.targets[domain];
  if (name === undefined) return ok({ role: 'new', name: shared ? 'new-ca' : `new-${domain}-ca` });
  const certificate = held.get(name);
  if (certificate) return ok({ role: 'held', name, certificate });
  const names = [...held.keys()].join(', ') || 'none';
  return fail(
    'unknown-ca',
    `the coordinator holds no CA named "${name}" (it holds: ${names})`,
    'name one of those, or leave the name out for a new CA',
  );
}

function issuersIn(
  domain: Domain,
  world: World,
  verify: Verify,
): Result<{ issuers: KnownCertificate[]; bundles: KnownCertificate[] }> {
  const bundles = distinct(
    [...slotContents(world, domain, 'bundle')].flatMap(({ contents }) => [...contents]),
  );
  const issuers: KnownCertificate[] = [];
  for (const { holder, slot, contents } of slotContents(world, domain, 'leaf')) {
    const [usage = 'clientAuth'] = slots[slot].usages;
    const found = issuersOf(contents, bundles, usage, verify);
    if (found.length > 0) {
      issuers.push(...found);
      continue;
    }
    const verdict = verify(contents, bundles, usage);
    return fail(
      'no-old-ca',
      `${holder}: nobody who verifies its ${slot} (${contents[0]?.facts.subject}) has a CA for it: ${verdict.accepted ? 'no single CA accepts it' : verdict.reason}`,
      'put that right first: a rotation starts from a cluster in which everybody trusts everybody',
    );
  }
  return ok({ issuers: distinct(issuers), bundles });
}

function* slotContents(
  world: World,
  domain: Domain,
  holds: 'leaf' | 'bundle',
): Generator<{ holder: string; slot: keyof typeof slots; contents: Contents }> {
  for (const party of world.values()) {
    for (const slot of slotsOf(party.holder)) {
      if (slots[slot].domain !== domain || slots[slot].holds !== holds) continue;
      for (const contents of party.slots.get(slot) ?? []) yield { holder: party.holder, slot, contents };
    }
  }
}

function sharesCa(a: KnownCertificate[], b: KnownCertificate[]): boolean {
  return a.some((one) => b.some((other) => other.facts.fingerprint === one.facts.fingerprint));
}

function distinct(certificates: KnownCertificate[]): KnownCertificate[] {
  return [...new Map(certificates.map((ca) => [ca.facts.fingerprint, ca])).values()];
}
