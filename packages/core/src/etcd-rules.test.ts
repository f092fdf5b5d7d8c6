import type { KnownCertificate } from '@etcd-rotate/protocol';
import { describe, expect, test } from 'vitest';
import { type Covers, type EtcdRules, refusedByDialler, refusedByListener } from './etcd-rules.ts';

// The rules as such; test/verifier holds them against real etcds.

const covers: Covers = ({ facts }, host) => [...facts.names.dns, ...facts.names.ip].includes(host);
const nothing: EtcdRules = { revoked: [], allowedCommonNames: [], allowedHostnames: [], checksSource: false };
const here = '10.0.0.1';

describe('a listener', () => {
  const refused = (leaf: KnownCertificate | KnownCertificate[], rules: Partial<EtcdRules>, from = [here]) =>
    refusedByListener(
      { chain: [leaf].flat(), from, resolves: { 'm1.lan': [here], 'm2.lan': ['10.0.0.2'], '*.lan': [here] } },
      { ...nothing, ...rules },
      covers,
    );

  test('without rules takes every leaf, and never nothing', () => {
    expect(refused(aCertificate({ ip: ['10.9.9.9'] }), {})).toBeUndefined();
    expect(refused([], {})).toBe('no certificate is presented');
  });

  describe('that looks at the source', () => {
    const comesFrom = (names: Wish, from?: string[]) =>
      refused(aCertificate(names), { checksSource: true }, from);

    test('takes a leaf without names from anywhere', () => {
      expect(comesFrom({})).toBeUndefined();
      expect(comesFrom({}, [])).toBeUndefined();
    });

    test.each<[string, Wish]>([
      ['the address itself', { ip: [here] }],
      ['a name that resolves to it', { dns: ['m1.lan'] }],
      ['one name of several', { dns: ['nowhere.lan', 'm2.lan', 'm1.lan'] }],
      ['a name beside a wrong address', { ip: ['10.0.0.2'], dns: ['m1.lan'] }],
      ['the address, written as a name', { dns: [here] }],
    ])('takes %s', (_what, names) => expect(comesFrom(names)).toBeUndefined());

    test.each<[string, Wish]>([
      ['another address', { ip: ['10.0.0.2'] }],
      ['a name that resolves to another address', { dns: ['m2.lan'] }],
      ['a name of which nothing is known', { dns: ['nowhere.lan'] }],
      ['a name that only every object has', { dns: ['constructor'] }],
      ['a wildcard, which etcd looks up backwards', { dns: ['*.lan'] }],
    ])('refuses %s', (_what, names) =>
      expect(comesFrom(names)).toMatch(/^CN=leaf comes from 10\.0\.0\.1, which is not among its addresses/),
    );

    test('wants every address that the connection may come from', () => {
      expect(comesFrom({ ip: [here] }, [here, '10.0.0.3'])).toMatch(/comes from 10\.0\.0\.3/);
      expect(comesFrom({ ip: [here, '10.0.0.3'] }, [here, '10.0.0.3'])).toBeUndefined();
    });

    test('refuses where the address is not known', () => {
      expect(comesFrom({ ip: [here] }, [])).toBe(
        'the address that CN=leaf comes from is not known, and has to be in it',
      );
    });

    test('looks at the leaf alone', () => {
      const chain = [aCertificate({ ip: [here] }), aCertificate({ ip: ['10.0.0.2'] })];
      expect(refused(chain, { checksSource: true })).toBeUndefined();
    });
  });

  describe('with a CRL', () => {
    const revoked = ['0a', 'ff01'];

    test('refuses every serial on it, of a leaf or behind it', () => {
      const [good, bad] = [aCertificate({ serial: '0b' }), aCertificate({ serial: 'ff01' })];
      expect(refused(good, { revoked })).toBeUndefined();
      expect(refused(bad, { revoked })).toBe('the serial ff01 of CN=leaf is on the CRL of the port');
      expect(refused([good, bad], { revoked })).toMatch(/is on the CRL/);
    });

    test('refuses what is sent as one text with others, of which the serials are not known', () => {
      const block = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';
      const [one, two] = [aCertificate({ pem: block }), aCertificate({ pem: block + block })];
      expect(refused(one, { revoked })).toBeUndefined();
      expect(refused(two, { revoked })).toMatch(/not every serial could be held against the CRL/);
      expect(refused(two, {})).toBeUndefined();
    });
  });

  test('with allowed common names takes each of them, exactly', () => {
    const rules = { allowedCommonNames: ['m1', 'm2'] };
    expect(refused(aCertificate({ commonName: 'm2' }), rules)).toBeUndefined();
    expect(refused(aCertificate({ commonName: 'M2' }), rules)).toBe(
      'only the common name m1 or m2 is allowed, not that of CN=leaf',
    );
    expect(refused(aCertificate({}), rules)).toMatch(/only the common name/);
  });

  test('with allowed hosts takes who is valid for one of them', () => {
    const rules = { allowedHostnames: ['a.lan', 'b.lan'] };
    expect(refused(aCertificate({ dns: ['b.lan'] }), rules)).toBeUndefined();
    expect(refused(aCertificate({ dns: ['c.lan'] }), rules)).toBe(
      'CN=leaf is not valid for the host a.lan or b.lan, which alone is allowed',
    );
  });
});

describe('who dials', () => {
  const refused = (leaf: KnownCertificate, hosts: string[], rules: Partial<EtcdRules> = {}) =>
    refusedByDialler([leaf], { ...nothing, ...rules, hosts }, covers);

  test('wants every host by which he may dial', () => {
    const leaf = aCertificate({ dns: ['m1.lan'], ip: [here] });
    expect(refused(leaf, ['m1.lan', here])).toBeUndefined();
    expect(refused(leaf, ['m1.lan', '10.0.0.2'])).toBe(
      'CN=leaf is not valid for 10.0.0.2, by which it is dialled',
    );
  });

  test('holds to allowed names as a listener does', () => {
    const leaf = aCertificate({ dns: ['m1.lan'], commonName: 'm1' });
    expect(refused(leaf, ['m1.lan'], { allowedCommonNames: ['m1'] })).toBeUndefined();
    expect(refused(leaf, ['m1.lan'], { allowedCommonNames: ['m2'] })).toMatch(/only the common name m2/);
    expect(refused(leaf, ['m1.lan'], { allowedHostnames: ['m2.lan'] })).toMatch(/which alone is allowed/);
  });

  test('does not look at a CRL, nor take nothing for an answer', () => {
    expect(refused(aCertificate({ serial: '0a' }), [], { revoked: ['0a'] })).toBeUndefined();
    expect(refusedByDialler([], { ...nothing, hosts: [] }, covers)).toBe('no certificate is presented');
  });
});

interface Wish {
  dns?: string[];
  ip?: string[];
  commonName?: string;
  serial?: string;
  pem?: string;
}

function aCertificate({ dns = [], ip = [], commonName, serial = '01', pem = '' }: Wish): KnownCertificate {
  return {
    pem,
    facts: {
      fingerprint: '',
      subject: 'CN=leaf',
      issuer: 'CN=ca',
      ...(commonName !== undefined && { commonName }),
      serial,
      notBefore: '2026-01-01T00:00:00.000Z',
      notAfter: '2027-01-01T00:00:00.000Z',
      isCa: false,
      names: { dns, ip },
      usages: [],
      keyKind: 'ecdsa-p256',
      publicKey: '',
      selfSigned: false,
    },
  };
}
