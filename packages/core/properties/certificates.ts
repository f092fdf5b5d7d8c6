import type {
  CaRef,
  HolderId,
  KnownCertificate,
  LeafChange,
  Names,
  Profile,
  Slot,
} from '@etcd-rotate/protocol';
import { holderName, slots } from '@etcd-rotate/protocol';
import { aCa, aKey, aLeaf, covers, judge, start, verify } from '@etcd-rotate/testing';
import type { Judge } from '../src/trust.ts';
import type { Contents } from '../src/world.ts';

const day = 86_400_000;
const otherKey = aKey('P-384');

/** As it is before any rotation. */
export function firstLeaf(
  holder: HolderId,
  slot: Slot,
  { ca, isShort }: { ca: string; isShort: boolean },
): KnownCertificate {
  const name = holderName(holder);
  return onlyOnce(`${holder} ${slot} ${ca} ${isShort}`, () =>
    aLeaf({
      ca: aCa(ca),
      commonName: name,
      usages: slots[slot].usages,
      names: holder.startsWith('member/')
        ? { dns: [`${name}.example`, 'old.example'], ip: ['127.0.0.1'] }
        : none,
      notAfter: new Date(start.getTime() + (isShort ? 100 : 365) * day),
    }),
  );
}

const none: Names = { dns: [], ip: [] };

/** What the signer makes in the place of a leaf. */
export function replacing(
  { facts }: KnownCertificate,
  slot: Slot,
  { issuer, change, profile }: { issuer: string; change: LeafChange; profile: Profile },
): KnownCertificate {
  const { key = facts.keyKind, validity } = profile.leaf;
  const after = (kind: 'dns' | 'ip') =>
    [...new Set([...facts.names[kind], ...change.addNames[kind]])].filter(
      (name) => !change.dropNames[kind].includes(name),
    );
  const names = { dns: after('dns'), ip: after('ip') };
  const commonName = change.commonName ?? facts.commonName ?? '';
  return onlyOnce(`${slot} ${issuer} ${commonName} ${names.dns} ${key} ${validity}`, () =>
    aLeaf({
      ca: aCa(issuer),
      commonName,
      usages: slots[slot].usages,
      names,
      notAfter: new Date(start.getTime() + validity),
      ...(key === 'ecdsa-p384' && { key: otherKey }),
    }),
  );
}

/**
 * Without its PEM, which a plan would otherwise carry a hundred times: a certificate is told by its fingerprint, and the
 * judge looks it up.
 */
export function light(certificate: KnownCertificate): KnownCertificate {
  const { facts } = certificate;
  const there = lights.get(facts.fingerprint) ?? {
    full: certificate,
    light: { pem: facts.fingerprint, facts },
  };
  lights.set(facts.fingerprint, there);
  return there.light;
}

const lights = new Map<string, { full: KnownCertificate; light: KnownCertificate }>();

function full(contents: Contents): Contents {
  return contents.map((one) => lights.get(one.facts.fingerprint)?.full ?? one);
}

const leaves = new Map<string, KnownCertificate>();

function onlyOnce(what: string, make: () => KnownCertificate): KnownCertificate {
  const leaf = leaves.get(what) ?? light(make());
  leaves.set(what, leaf);
  return leaf;
}

/** The name by which the coordinator holds a CA, from the moment on in which it was made. */
export function heldName(ref: CaRef): string {
  switch (ref.role) {
    case 'new':
      return `made-${ref.name}`;
    case 'held':
      return ref.name;
    case 'seen':
      return ref.certificate.facts.subject.replace('CN=', '');
  }
}

/** The CA of that name. */
export function ca(name: string): KnownCertificate {
  return light(aCa(name).known);
}

export function caOf(ref: CaRef): KnownCertificate {
  return ref.role === 'new' ? ca(heldName(ref)) : ref.certificate;
}

/** Every CA that may come up: the coordinator holds them all. */
export const held: ReadonlyMap<string, KnownCertificate> = new Map(
  [
    ...['ca1', 'pca1', 'ca2', 'pca2', 'ca3', 'ca4', 'pca4'],
    ...['made-new-ca', 'made-new-client-ca', 'made-new-peer-ca'],
  ].map((name) => [name, ca(name)]),
);

// A walk asks about the same few thousand pairs millions of times: what was asked is numbered, and asked once.

const numbers = new Map<string, number>();
const numbersOfContents = new WeakMap<Contents, number>();
const verdicts = { serverAuth: new Map<number, unknown>(), clientAuth: new Map<number, unknown>() };
const covered = new WeakMap<KnownCertificate['facts'], Map<string, boolean>>();

function numberOf(contents: Contents): number {
  const known = numbersOfContents.get(contents);
  if (known !== undefined) return known;
  const prints = contents.map(({ facts }) => facts.fingerprint).join();
  const number = numbers.get(prints) ?? numbers.size;
  numbers.set(prints, number);
  numbersOfContents.set(contents, number);
  return number;
}

/** The real verifier, for the hour that a policy asks for. */
export const quickJudge: Judge = {
  aheadMs: judge.aheadMs,
  verify: (chain, bundle, purpose, aheadMs) => {
    const pair = (numberOf(chain) * 2 ** 24 + numberOf(bundle)) * 2 + (aheadMs === judge.aheadMs ? 1 : 0);
    const verdict = verdicts[purpose].get(pair) ?? verify(full(chain), full(bundle), purpose, aheadMs);
    verdicts[purpose].set(pair, verdict);
    return verdict as ReturnType<typeof verify>;
  },
  covers: (certificate, host) => {
    const ofIt = covered.get(certificate.facts) ?? new Map<string, boolean>();
    covered.set(certificate.facts, ofIt);
    const verdict = ofIt.get(host) ?? covers(certificate, host);
    ofIt.set(host, verdict);
    return verdict;
  },
};
