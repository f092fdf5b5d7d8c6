import { generateKeyPairSync } from 'node:crypto';
import { Secret } from '@etcd-rotate/protocol';
import { describe, expect, test } from 'vitest';
import { aCa, aLeaf, noon, type Pair } from '../test/a-certificate.ts';
import { accepts } from './accepts.ts';
import { hostAccepted } from './host-accepted.ts';
import { bits, implicit, objectId, octets, sequence, tagged, toDer } from './write-der.ts';

// What no careful CA makes and one finds all the same.

const root = aCa('root');

function whyRefused(
  chain: Pair[],
  { bundle = [root], purpose = 'clientAuth' as 'clientAuth' | 'serverAuth' } = {},
) {
  const certificates = (pairs: Pair[]) => pairs.map(({ certificate }) => certificate);
  const verdict = accepts({
    chain: certificates(chain),
    bundle: certificates(bundle),
    purpose,
    from: noon,
    until: noon,
  });
  return verdict.accepted ? undefined : verdict.reason;
}

const extension = (oid: string, value: Parameters<typeof toDer>[0]) =>
  sequence(objectId(oid), octets(toDer(value)));
const netscapeType = (byte: number) => extension('2.16.840.1.113730.1.1', bits(Buffer.from([byte])));
const altNames = (...names: Parameters<typeof sequence>) => extension('2.5.29.17', sequence(...names));
const dns = (name: string) => implicit(2, Buffer.from(name));
const mail = (name: string) => implicit(1, Buffer.from(name));

describe('a Netscape certificate type', () => {
  test.each([
    [0x80, 'clientAuth', undefined],
    [0x40, 'serverAuth', undefined],
    [0x40, 'clientAuth', /Netscape certificate type of CN=leaf/],
    [0x80, 'serverAuth', /Netscape certificate type of CN=leaf/],
  ] as const)('of %i for %s', (byte, purpose, expected) => {
    const leaf = aLeaf(root, { more: [netscapeType(byte)] });
    if (expected) expect(whyRefused([leaf], { purpose })).toMatch(expected);
    else expect(whyRefused([leaf], { purpose })).toBeUndefined();
  });
});

test('a key of a kind that Go does not know is refused', () => {
  const { privateKey } = generateKeyPairSync('ed448');
  const key = new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
  expect(whyRefused([aLeaf(root, { key })])).toMatch(/a key of a kind that Go does not know: ed448/);
});

test('an authority key identifier with another serial than the issuer has leads OpenSSL nowhere', () => {
  const serial = (hex: string) => {
    const value = sequence(implicit(2, Buffer.from(hex, 'hex')));
    return aLeaf(root, { keyIds: false, more: [extension('2.5.29.35', value)] });
  };
  expect(whyRefused([serial(root.certificate.facts.serial)])).toBeUndefined();
  expect(whyRefused([serial('0badcafe')])).toMatch(/OpenSSL finds no self-signed root/);
});

describe('name constraints', () => {
  const limited = (list: 0 | 1, ...bases: Parameters<typeof sequence>) => {
    const subtrees = tagged(list, ...bases.map((base) => sequence(base)));
    return aCa('limited', { more: [extension('2.5.29.30', sequence(subtrees))] });
  };
  const refused = (ca: Pair, ...names: Parameters<typeof sequence>) =>
    whyRefused([aLeaf(ca, { more: [altNames(...names)] })], { bundle: [ca] });

  test('of a domain cover it and what is below it, and nothing that only ends like it', () => {
    const ca = limited(0, dns('example.com'));
    for (const name of ['example.com', 'a.example.com', '*.example.com']) {
      expect(refused(ca, dns(name)), name).toBeUndefined();
    }
    expect(refused(ca, dns('badexample.com'))).toMatch(/forbid the name badexample\.com/);
  });

  test('that exclude a host exclude a wildcard that stands for it', () => {
    const ca = limited(1, dns('a.example.com'));
    expect(refused(ca, dns('b.example.com'))).toBeUndefined();
    expect(refused(ca, dns('*.example.com'))).toMatch(/forbid the name \*\.example\.com/);
  });

  test('and names of other kinds do not go together', () => {
    const ca = limited(0, dns('example.com'));
    expect(refused(ca, dns('a.example.com'), mail('x@example.com'))).toMatch(/names of a kind that is not/);
  });

  test('of a kind that is not understood are refused', () => {
    const registered = implicit(8, Buffer.from([0x2a, 0x03]));
    expect(refused(limited(0, registered), dns('a.example.com'))).toBeDefined();
    expect(refused(limited(0, mail('example.com')), dns('a.example.com'))).toBeUndefined();
  });

  test('and a name that is none of a host do not go together', () => {
    expect(refused(limited(0, dns('')), dns('a..example.com'))).toMatch(/is no name of a host/);
  });
});

describe('a wildcard', () => {
  const named = (name: string) => aLeaf(root, { names: { dns: [name], ip: [] } }).certificate;

  test('is the left label and no other', () => {
    expect(hostAccepted(named('a.*.example.com'), 'a.b.example.com')).toBe(false);
  });

  test('is one label, and nothing follows that is not named', () => {
    expect(hostAccepted(named('*.example.com'), 'a.example.com.elsewhere')).toBe(false);
    expect(hostAccepted(named('a.example.com'), 'a.example.com.elsewhere')).toBe(false);
  });
});
