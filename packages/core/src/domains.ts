import type {
  CaRef,
  Domain,
  DomainChange,
  Failure,
  HolderId,
  KnownCertificate,
  Result,
  RotationRequest,
  Slot,
} from '@etcd-rotate/protocol';
import { fail, ok, slots, slotsOf } from '@etcd-rotate/protocol';
import { issuersOf, type Verify } from './trust.ts';
import type { Contents, World } from './world.ts';

export interface DomainsInput {
  request: RotationRequest;
  world: World;
  /** CAs whose keys the coordinator holds, by name. */
  held: ReadonlyMap<string, KnownCertificate>;
  verify: Verify;
}

/** A trust domain of a plan, and who issued what is presented in it now. */
export interface DomainToRotate extends DomainChange {
  /** Whether a chain was issued by the target CA already. */
  isOfTarget(chain: Contents): boolean;
}

export type Domains = Partial<Record<Domain, DomainToRotate>>;

/**
 * Finds the CAs of each domain from what is presented and from the bundles that verify it. Where both domains have the
 * same CA they end on the same new one. A renewal ends where it begins: on the CA that issued what is presented.
 */
export function domainsToRotate({ request, world, held, verify }: DomainsInput): Result<Domains> {
  const found: Partial<Record<Domain, Seen>> = {};
  for (const domain of request.domains) {
    const seen = issuersIn(domain, world, verify);
    if (!seen.ok) return seen;
    found[domain] = seen.value;
  }
  const unclear = request.retire.flatMap((word) => notOneCa(word, Object.values(found)));
  if (unclear[0]) return { ok: false, failure: unclear[0] };
  const isShared = haveOneInCommon(found.client?.issuers ?? [], found.peer?.issuers ?? []);
  const result: Domains = {};
  for (const domain of request.domains) {
    const seen = found[domain] ?? { issuers: [], bundled: [] };
    const target =
      request.strategy === 'renew'
        ? presentCa(domain, seen.issuers, held)
        : targetOf(domain, { request, isShared, held });
    if (!target.ok) return target;
    const targetCa = target.value.role === 'new' ? undefined : target.value.certificate;
    const old = request.strategy === 'renew' ? [] : leaving(seen, request).filter((ca) => !is(ca, targetCa));
    result[domain] = {
      old,
      target: target.value,
      others: seen.bundled.filter((ca) => !is(ca, targetCa) && !old.some((one) => is(one, ca))),
      isOfTarget: (chain) =>
        targetCa !== undefined && issuersOf(chain, [targetCa], 'clientAuth', verify).length > 0,
    };
  }
  return ok(result);
}

interface Seen {
  /** Who issued what is presented. */
  issuers: KnownCertificate[];
  /** What lies in the bundles, or is loaded. */
  bundled: KnownCertificate[];
}

function leaving({ issuers, bundled }: Seen, { retire }: RotationRequest): KnownCertificate[] {
  const named = bundled.filter((ca) => retire.some((word) => isCalled(ca, word)));
  return distinct([...issuers, ...named]);
}

function isCalled({ facts }: KnownCertificate, word: string): boolean {
  return facts.fingerprint.startsWith(word);
}

/** What an operator names by the beginning of a fingerprint has to be one CA that is there. */
function notOneCa(word: string, seen: readonly Seen[]): Failure[] {
  const called = distinct(seen.flatMap(({ bundled }) => bundled.filter((ca) => isCalled(ca, word))));
  if (called.length === 1) return [];
  return [
    fail(
      'unknown-ca',
      `${called.length === 0 ? 'no CA' : `${called.length} CAs`} in the bundles of these domains ${called.length > 1 ? 'have' : 'has'} a fingerprint that begins with ${word}`,
      'name one CA to retire by its fingerprint, as the plan shows it',
    ).failure,
  ];
}

function is(a: KnownCertificate, b?: KnownCertificate): boolean {
  return a.facts.fingerprint === b?.facts.fingerprint;
}

/** The CA that issued the leaves of a domain, which the coordinator has to hold to renew them. */
function presentCa(
  domain: Domain,
  issuers: readonly KnownCertificate[],
  held: ReadonlyMap<string, KnownCertificate>,
): Result<CaRef> {
  const [issuer] = issuers;
  // A root that was issued again with the same key is the same issuer twice.
  if (!issuer || issuers.some(({ facts }) => facts.publicKey !== issuer.facts.publicKey)) {
    const said = issuers.map(({ facts }) => `${facts.subject} (${facts.fingerprint.slice(0, 8)})`).join('; ');
    return fail(
      'no-old-ca',
      `the leaves of domain ${domain} are of ${issuers.length} CAs: ${said}`,
      'a renewal keeps the CA of a domain; bring the domain to one CA first: --strategy staged --ca',
    );
  }
  const found = [...held].find(([, certificate]) => issuers.some((one) => is(certificate, one)));
  if (found) return ok({ role: 'held', name: found[0], certificate: found[1] });
  return fail(
    'ca-not-held',
    `the coordinator does not hold the key of ${issuer.facts.subject}, which issued the leaves of domain ${domain}`,
    'give it with `rotate ca adopt`, or rotate to a new CA: --strategy staged',
  );
}

function targetOf(
  domain: Domain,
  {
    request,
    isShared,
    held,
  }: { request: RotationRequest; isShared: boolean; held: ReadonlyMap<string, KnownCertificate> },
): Result<CaRef> {
  const name = request.targets[domain];
  if (name === undefined) return ok({ role: 'new', name: isShared ? 'new-ca' : `new-${domain}-ca` });
  const certificate = held.get(name);
  if (certificate) return ok({ role: 'held', name, certificate });
  const names = [...held.keys()].join(', ') || 'none';
  return fail(
    'unknown-ca',
    `the coordinator holds no CA named "${name}" (it holds: ${names})`,
    'name one of those, or leave the name out for a new CA',
  );
}

function issuersIn(domain: Domain, world: World, verify: Verify): Result<Seen> {
  const bundled = distinct(
    [...slotContents(world, domain, 'bundle')].flatMap(({ contents }) => [...contents]),
  );
  const issuers: KnownCertificate[] = [];
  for (const { holder, slot, contents } of slotContents(world, domain, 'leaf')) {
    const [usage = 'clientAuth'] = slots[slot].usages;
    const found = issuersOf(contents, bundled, usage, verify);
    if (found.length > 0) {
      issuers.push(...found);
      continue;
    }
    const verdict = verify(contents, bundled, usage, 0);
    return fail(
      'no-old-ca',
      `${holder}: nobody who verifies its ${slot} (${contents[0]?.facts.subject}) has a CA for it: ${verdict.accepted ? 'no single CA accepts it' : verdict.reason}`,
      'put that right first: a rotation starts from a cluster in which everybody trusts everybody',
    );
  }
  return ok({ issuers: distinct(issuers), bundled });
}

function* slotContents(
  world: World,
  domain: Domain,
  holds: 'leaf' | 'bundle',
): Generator<{ holder: HolderId; slot: Slot; contents: Contents }> {
  for (const party of world.values()) {
    for (const slot of slotsOf(party.holder)) {
      if (slots[slot].domain !== domain || slots[slot].holds !== holds) continue;
      for (const contents of party.slots.get(slot) ?? []) yield { holder: party.holder, slot, contents };
    }
  }
}

function haveOneInCommon(a: readonly KnownCertificate[], b: readonly KnownCertificate[]): boolean {
  return a.some((one) => b.some((other) => is(one, other)));
}

function distinct(certificates: KnownCertificate[]): KnownCertificate[] {
  return [...new Map(certificates.map((ca) => [ca.facts.fingerprint, ca])).values()];
}
