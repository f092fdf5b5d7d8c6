import { generateKeyPairSync } from 'node:crypto';
import { Secret } from '@etcd-rotate/protocol';
import { describe, expect, test } from 'vitest';
import { aCa, aKey, aLeaf, daysFromNoon, noon, type Pair } from '../test/a-certificate.ts';
import { openssl } from '../test/openssl.ts';
import { accepts, createVerifier } from './accepts.ts';
import type { Certificate } from './certificate.ts';
import { nameFrom } from './raw-name.ts';
import { writeBundle } from './read-bundle.ts';
import type { SignatureCache } from './signed-by.ts';
import { implicit, objectId, octets, sequence, set, tagged, toDer, yes } from './write-der.ts';

interface Case {
  chain: Pair[];
  bundle: Pair[];
  purpose?: 'serverAuth' | 'clientAuth';
  at?: Date;
  /** Undefined: accepted. */
  refused?: RegExp;
  /** Where openssl alone would accept: Go would not. */
  stricter?: true;
}

const old = aCa('old');
const fresh = aCa('new');
const leaf = aLeaf(old);
const middle = aCa('middle', { issuer: old });
const lower = aCa('lower', { issuer: middle });
const cross = aCa('new', { key: fresh.key, issuer: old });
const alone = aCa('alone', { isCa: false, keyUsage: ['digitalSignature'], usages: ['serverAuth'] });
const names = { dns: ['a.example.com'], ip: ['10.1.2.3'] };

/** Two CAs of one name; without key identifiers only the signature tells them apart. */
const namesake = (keyIds: boolean) => [aCa('same', { keyIds }), aCa('same', { keyIds })] as const;
const [twinA, twinB] = namesake(false);
const [kinA, kinB] = namesake(true);

/** One name in two kinds of string. */
const printable = nameFrom({ commonName: 'Root CA' });
const utf8 = toDer(
  sequence(set(sequence(objectId('2.5.4.3'), { ...octets(Buffer.from('Root CA')), type: 12 }))),
);
const rootKey = aKey();
const printableRoot = aCa('', { subject: printable, key: rootKey });
const utf8Root = aCa('', { subject: utf8, key: rootKey });

const limited = (subtrees: [permitted: number, ...bases: ReturnType<typeof implicit>[]]) => {
  const [list, ...bases] = subtrees;
  const value = sequence(tagged(list, ...bases.map((base) => sequence(base))));
  const extension = sequence(objectId('2.5.29.30'), yes(), octets(toDer(value)));
  return aCa('limited', { issuer: old, more: [extension] });
};
const dns = (domain: string) => implicit(2, Buffer.from(domain));
const net = (...bytes: number[]) => implicit(7, Buffer.from(bytes));
const strange = sequence(objectId('1.2.3.4'), yes(), octets(Buffer.from('00', 'hex')));

const below = (issuer: Pair, wish: Parameters<typeof aLeaf>[1] = {}): Pair[] => [aLeaf(issuer, wish), issuer];

const cases: Record<string, Case> = {
  'a leaf under its CA': { chain: [leaf], bundle: [old] },
  'a leaf as a client': { chain: [leaf], bundle: [old], purpose: 'clientAuth' },
  'a leaf while both CAs are trusted': { chain: [leaf], bundle: [fresh, old] },
  'a leaf under another CA': {
    chain: [leaf],
    bundle: [fresh],
    refused: /CN=old, the issuer of CN=leaf, is not in/,
  },
  'a leaf under no CA': { chain: [leaf], bundle: [], refused: /the bundle is empty/ },
  'an intermediate that is sent along': { chain: below(middle), bundle: [old] },
  'intermediates in any order': { chain: [aLeaf(lower), middle, lower], bundle: [old] },
  'a useless certificate in between': { chain: [aLeaf(lower), fresh, lower, leaf, middle], bundle: [old] },
  'an intermediate that is missing': {
    chain: [aLeaf(middle)],
    bundle: [old],
    refused: /CN=middle, the issuer of/,
  },
  'an intermediate in the bundle': { chain: [aLeaf(middle)], bundle: [middle, old] },
  'only an intermediate in the bundle': {
    chain: [aLeaf(middle)],
    bundle: [middle],
    refused: /OpenSSL finds no self-signed root: CN=middle .* issuer CN=old is not there \(Go accepts/,
  },
  'only an intermediate in the bundle, and sent along too': {
    chain: below(middle),
    bundle: [middle],
    refused: /OpenSSL finds no self-signed root/,
  },
  'an intermediate in the bundle whose issuer is only sent along': {
    chain: [aLeaf(lower), middle],
    bundle: [lower, old],
    refused: /OpenSSL finds no self-signed root: CN=lower/,
  },
  'a root that is sent along as well': { chain: [...below(middle), old], bundle: [old] },
  'a root that is only sent along': { chain: [leaf, old], bundle: [fresh], refused: /CN=old, the issuer/ },
  'an expired leaf': {
    chain: [aLeaf(old, { days: [-9, -2] })],
    bundle: [old],
    refused: /CN=leaf expired at 2026-05-30T/,
  },
  'a leaf before its time': {
    chain: [aLeaf(old, { days: [2, 9] })],
    bundle: [old],
    refused: /not valid before 2026-06-03/,
  },
  'an expired root': { ...expiredRoot(), refused: /CN=gone expired at 2026-05-31T12:00:00.000Z/ },
  'an expired root beside the right one': { chain: [leaf], bundle: [aCa('gone', { days: [-9, -1] }), old] },
  'an expired root of the same name and key beside its renewal': {
    chain: [leaf],
    bundle: [aCa('old', { key: old.key, days: [-9, -1] }), old],
  },
  'an expired intermediate': {
    chain: below(aCa('middle', { issuer: old, days: [-9, -1] })),
    bundle: [old],
    refused: /CN=middle expired/,
  },
  'the last second of a leaf': {
    chain: [leaf],
    bundle: [old],
    at: new Date(daysFromNoon(10).getTime() - 1000),
  },
  'the very end of a leaf': {
    chain: [leaf],
    bundle: [old],
    at: daysFromNoon(10),
    refused: /CN=leaf expired/,
  },
  'a path length that is kept': {
    ...length(0, [middle]),
    refused: /CN=short allows 0 intermediates below it, here are 1/,
  },
  'a path length of one with one intermediate': length(1, [middle]),
  'a path length of none and a leaf': length(0, []),
  'a path length counted with a self-issued certificate': {
    ...selfIssued(),
    refused: /allows 0 inter/,
    stricter: true,
  },
  'an intermediate that is no CA': { chain: below(leaf), bundle: [old], refused: /CN=leaf is not a CA/ },
  'a root that is no CA': { ...issuedBy(aCa('no', { isCa: false })), refused: /CN=no is not a CA that may/ },
  'a CA that may not sign certificates': {
    ...issuedBy(aCa('crl', { keyUsage: ['crlSign'] })),
    refused: /CN=crl is not a CA/,
  },
  'a usage that the leaf lacks': {
    chain: [aLeaf(old, { usages: ['serverAuth'] })],
    bundle: [old],
    purpose: 'clientAuth',
    refused: /CN=leaf may not be used for clientAuth, only for serverAuth/,
  },
  'a leaf without usages': { chain: [aPlainLeaf()], bundle: [old] },
  'a usage that the intermediate lacks': {
    chain: below(aCa('middle', { issuer: old, usages: ['clientAuth'] })),
    bundle: [old],
    refused: /CN=middle may not be used for serverAuth/,
  },
  'a usage that the root lacks': {
    ...issuedBy(aCa('root', { usages: ['clientAuth'] })),
    refused: /CN=root may not be used/,
  },
  'a key usage that is not for TLS': {
    chain: [aLeaf(old, { keyUsage: ['crlSign'] })],
    bundle: [old],
    refused: /key usage of CN=leaf does not allow TLS/,
  },
  'a new leaf with a cross certificate under the old root': { chain: [aLeaf(fresh), cross], bundle: [old] },
  'a new leaf with a cross certificate under the new root': { chain: [aLeaf(fresh), cross], bundle: [fresh] },
  'a new leaf with a cross certificate under both roots': {
    chain: [aLeaf(fresh), cross],
    bundle: [old, fresh],
  },
  'a cross certificate in the bundle before the new root alone': {
    chain: [aLeaf(fresh)],
    bundle: [cross, fresh],
    refused: /OpenSSL finds no self-signed root: CN=new/,
  },
  'a cross certificate in the bundle behind the new root': { chain: [aLeaf(fresh)], bundle: [fresh, cross] },
  'a namesake without identifiers behind the right CA': { chain: [aLeaf(twinA)], bundle: [twinA, twinB] },
  'a namesake without identifiers before the right CA': {
    chain: [aLeaf(twinA)],
    bundle: [twinB, twinA],
    refused: /OpenSSL takes the wrong CN=same for the issuer of CN=leaf/,
  },
  'a namesake with identifiers behind the right CA': { chain: [aLeaf(kinA)], bundle: [kinA, kinB] },
  'a namesake with identifiers before the right CA': { chain: [aLeaf(kinA)], bundle: [kinB, kinA] },
  'a namesake with identifiers alone': {
    chain: [aLeaf(kinA)],
    bundle: [kinB],
    refused: /another key than that of CN=same/,
  },
  'a namesake with another kind of key': { chain: [aLeaf(twinA)], bundle: [rsaTwin(), twinA] },
  'an expired namesake without identifiers before the right CA': {
    chain: [aLeaf(twinA)],
    bundle: [aCa('same', { keyIds: false, days: [-9, -1] }), twinA],
  },
  'a CA renewed with its key': { chain: [leaf], bundle: [aCa('old', { key: old.key })] },
  'a name in another kind of string': {
    chain: [aLeaf(printableRoot)],
    bundle: [utf8Root],
    refused: /reads like CN=Root CA in the bundle, but is another name in its DER/,
    stricter: true,
  },
  'an unknown critical extension': {
    chain: [aLeaf(old, { more: [strange] })],
    bundle: [old],
    refused: /critical .* 1.2.3.4/,
  },
  'a name within its constraints': {
    chain: below(limited([0, dns('example.com'), net(10, 1, 0, 0, 255, 255, 0, 0)]), { names }),
    bundle: [old],
  },
  'a name outside its constraints': {
    chain: below(limited([0, dns('example.org')]), { names }),
    bundle: [old],
    refused: /CN=limited forbid the name a.example.com of CN=leaf/,
  },
  'an address outside its constraints': {
    chain: below(limited([0, net(10, 2, 0, 0, 255, 255, 0, 0)]), { names }),
    bundle: [old],
    refused: /forbid the name 10.1.2.3/,
  },
  'a name that is excluded': {
    chain: below(limited([1, dns('example.com')]), { names }),
    bundle: [old],
    refused: /forbid/,
  },
  'a common name that looks like a host': {
    chain: below(limited([0, dns('example.com')]), { name: 'a.example.org' }),
    bundle: [old],
    refused: /forbid the name a.example.org/,
  },
  'a common name that does not': {
    chain: below(limited([0, dns('example.com')]), { name: 'root' }),
    bundle: [old],
  },
  'a leaf that is in the bundle itself': {
    chain: [leaf],
    bundle: [leaf],
    refused: /OpenSSL finds no self-signed root/,
  },
  'a self-signed leaf in the bundle': { chain: [alone], bundle: [alone] },
};

test.each(Object.entries(cases))('%s: as openssl and Go say', (_, { refused, stricter, ...asked }) => {
  const answer = accepts(question(asked));
  if (refused) expect(answer).toMatchObject({ accepted: false, reason: expect.stringMatching(refused) });
  else expect(answer).toEqual({ accepted: true });
  const verdict = opensslSays(asked);
  expect(verdict.ok, verdict.output).toBe(refused === undefined || stricter === true);
});

test('refuses signatures with SHA-1', () => {
  const { certificate } = leaf;
  const weak = { ...certificate, parts: { ...certificate.parts, signature: '1.2.840.113549.1.1.5' } };
  const answer = accepts({ ...question({ chain: [], bundle: [old] }), chain: [weak] });
  expect(answer).toEqual({ accepted: false, reason: 'CN=leaf is signed with SHA-1 or weaker' });
});

test('refuses when nothing is presented', () => {
  expect(
    accepts({ chain: [], bundle: [old.certificate], purpose: 'serverAuth', from: noon, until: noon }),
  ).toMatchObject({
    accepted: false,
  });
});

describe('over a time', () => {
  const ending = aCa('old', { key: old.key, days: [-9, 5] });
  const beginning = aCa('old', { key: old.key, days: [5, 99] });
  const until = (days: number, bundle: Pair[], asked: Pair[] = [leaf]) =>
    accepts({ ...question({ chain: asked, bundle }), until: daysFromNoon(days) });

  test('accepts what is valid to its end', () => {
    expect(until(9, [old])).toEqual({ accepted: true });
  });

  test('refuses what expires before its end, leaf or issuer', () => {
    expect(until(10, [old])).toMatchObject({
      reason: expect.stringMatching(/CN=leaf expires at 2026-06-11/),
    });
    expect(until(5, [ending])).toMatchObject({
      reason: expect.stringMatching(/CN=old expires at 2026-06-06/),
    });
    expect(until(9, [beginning])).toMatchObject({
      reason: expect.stringMatching(/CN=old is not valid before/),
    });
  });

  test('accepts an issuer that expires where the same one stays, in either order', () => {
    expect(until(9, [ending, old])).toEqual({ accepted: true });
    expect(until(9, [old, ending])).toEqual({ accepted: true });
  });

  test('refuses where OpenSSL turns to a namesake once the right one has expired', () => {
    const [right, wrong] = [
      aCa('same', { keyIds: false, days: [-9, 20] }),
      aCa('same', { keyIds: false, days: [3, 99] }),
    ];
    expect(until(2, [wrong, right], [aLeaf(right)])).toEqual({ accepted: true });
    expect(until(3, [wrong, right], [aLeaf(right)])).toMatchObject({
      reason: expect.stringMatching(/OpenSSL takes the wrong CN=same/),
    });
  });
});

test('comes to an end in circles of cross certificates', () => {
  const around = aCa('old', { key: old.key, issuer: fresh });
  const asked = { chain: [leaf], bundle: [cross, around] };
  expect(accepts(question(asked))).toMatchObject({
    accepted: false,
    reason: expect.stringMatching(/circle/),
  });
  const many = Array.from({ length: 12 }, () => aCa('x', { issuer: aCa('x') }));
  expect(accepts(question({ chain: [aLeaf(aCa('x')), ...many], bundle: many })).accepted).toBe(false);
});

test('asks for each signature once', () => {
  const asked = question({ chain: [leaf], bundle: [old] });
  const cache: SignatureCache = new Map();
  expect(accepts(asked, cache)).toEqual({ accepted: true });
  expect(cache.size).toBe(1);
  for (const pair of cache.keys()) cache.set(pair, false);
  expect(accepts(asked, cache)).toMatchObject({ accepted: false });
});

test('a verifier answers the same when it is asked again', () => {
  const verifier = createVerifier();
  const asked = question({ chain: [aLeaf(lower), lower, middle], bundle: [fresh, old] });
  for (let round = 0; round < 1000; round += 1) expect(verifier.accepts(asked)).toEqual({ accepted: true });
});

function question({ chain, bundle, purpose = 'serverAuth', at = noon }: Omit<Case, 'refused'>) {
  const certificates = (pairs: Pair[]): Certificate[] => pairs.map(({ certificate }) => certificate);
  return { chain: certificates(chain), bundle: certificates(bundle), purpose, from: at, until: at };
}

function opensslSays(asked: Case): { ok: boolean; output: string } {
  const { chain, bundle, purpose, from } = question(asked);
  const [first, ...rest] = chain;
  const kind = purpose === 'serverAuth' ? 'sslserver' : 'sslclient';
  const untrusted = rest.length > 0 ? ['-untrusted', '{rest}'] : [];
  const trust = bundle.length > 0 ? ['-CAfile', '{bundle}'] : ['-no-CAfile'];
  const args = [
    'verify',
    '-no-CApath',
    '-no-CAstore',
    '-purpose',
    kind,
    '-attime',
    String(from.getTime() / 1000),
    ...trust,
  ];
  const files = { bundle: writeBundle(bundle), rest: writeBundle(rest), leaf: first?.pem ?? '' };
  return openssl([...args, ...untrusted, '{leaf}'], files);
}

function expiredRoot(): Case {
  const gone = aCa('gone', { days: [-9, -1] });
  return { chain: [aLeaf(gone)], bundle: [gone] };
}

function issuedBy(root: Pair): Case {
  return { chain: [aLeaf(root)], bundle: [root] };
}

function length(pathLength: number, between: Pair[]): Case {
  const root = aCa('short', { pathLength });
  const made = between.map(() => aCa('between', { issuer: root }));
  const [last = root] = made;
  return { chain: [aLeaf(last), ...made], bundle: [root] };
}

/** RFC 5280 does not count a certificate of its own name below; Go does. */
function selfIssued(): Case {
  const root = aCa('short', { pathLength: 0 });
  const next = aCa('short', { issuer: root });
  return { chain: below(next), bundle: [root] };
}

function aPlainLeaf(): Pair {
  return aCa('plain', { issuer: old, isCa: false, keyUsage: ['digitalSignature'] });
}

function rsaTwin(): Pair {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  const key = new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  return aCa('same', { keyIds: false, key });
}
