import { type KeyKind, Secret } from '@etcd-rotate/protocol';
import { beforeAll, describe, expect, test } from 'vitest';
import { aKey, daysFromNoon, noon, unwrap } from '../test/a-certificate.ts';
import { openssl } from '../test/openssl.ts';
import { keyMatches, sameKey, subjectOf } from './belongs.ts';
import type { Certificate } from './certificate.ts';
import { generateKey } from './generate-key.ts';
import { keyKindOf } from './key-kind.ts';
import { makeCa } from './make-ca.ts';
import { makeCsr } from './make-csr.ts';
import { nameFrom } from './raw-name.ts';
import { readCertificate } from './read-bundle.ts';
import { readCsr } from './read-csr.ts';
import { type LeafOrder, signLeaf } from './sign-leaf.ts';

const names = { dns: ['etcd-1', 'localhost'], ip: ['127.0.0.1', '::1'] };
const life = { notBefore: daysFromNoon(-1), notAfter: daysFromNoon(365) };
const at = String(noon.getTime() / 1000);
const kinds: KeyKind[] = ['rsa-2048', 'rsa-4096', 'ecdsa-p256', 'ecdsa-p384'];

describe('for every pair of key kinds', () => {
  const keys = new Map<KeyKind, Secret>();
  beforeAll(async () => {
    await Promise.all(kinds.map(async (kind) => keys.set(kind, await generateKey(kind))));
  });
  const keyOf = (kind: KeyKind) => keys.get(kind) ?? new Secret('');

  test.each(kinds.flatMap((ca) => kinds.map((leaf) => [ca, leaf] as const)))(
    'a %s CA signs a %s leaf that openssl accepts',
    (caKind, leafKind) => {
      const ca = makeCa({ subject: { commonName: 'etcd-ca' }, key: keyOf(caKind), ...life });
      const csr = makeCsr({ key: keyOf(leafKind), subject: nameFrom({ commonName: 'etcd-1' }), names });
      const leaf = aLeafOf({ ca, caKey: keyOf(caKind), csr });
      const verify = [
        'verify',
        '-x509_strict',
        '-purpose',
        'sslserver',
        '-attime',
        at,
        '-CAfile',
        '{ca}',
        '{leaf}',
      ];
      expect(openssl(verify, { ca: ca.pem, leaf: leaf.pem })).toMatchObject({ ok: true });
      expect(leaf.facts.keyKind).toBe(leafKind);
      expect(leaf.x509.checkIssued(ca.x509)).toBe(true);
      expect(keyMatches(leaf, keyOf(leafKind))).toBe(true);
      expect(unwrap(keyKindOf(keyOf(leafKind)))).toBe(leafKind);
    },
  );
});

describe('a leaf', () => {
  const caKey = aKey();
  const ca = makeCa({ subject: { commonName: 'etcd-ca' }, key: caKey, ...life });
  const key = aKey();
  const subject = nameFrom({ commonName: 'etcd-1' });
  const csr = makeCsr({ key, subject, names });

  test('says what was ordered, not what the request says', () => {
    const other = nameFrom({ commonName: 'root' });
    const leaf = aLeafOf({
      ca,
      caKey,
      csr,
      order: { subject: other, names: { dns: ['b'], ip: [] }, usages: ['clientAuth'] },
    });
    expect(leaf.facts).toMatchObject({
      commonName: 'root',
      names: { dns: ['b'], ip: [] },
      usages: ['clientAuth'],
    });
    expect(leaf.facts).toMatchObject({ isCa: false, authorityKeyId: ca.facts.subjectKeyId });
  });

  test('does not outlive its CA', () => {
    const leaf = aLeafOf({ ca, caKey, csr, order: { notAfter: daysFromNoon(4000) } });
    expect(leaf.facts.notAfter).toBe(ca.facts.notAfter);
  });

  test('keeps an empty subject empty, and then its names are critical', () => {
    const empty = nameFrom({});
    const leaf = aLeafOf({
      ca,
      caKey,
      csr: makeCsr({ key, subject: empty, names }),
      order: { subject: empty },
    });
    expect(leaf.facts.commonName).toBeUndefined();
    expect(leaf.facts.subject).toBe('');
    const verify = ['verify', '-x509_strict', '-attime', at, '-CAfile', '{ca}', '{leaf}'];
    expect(openssl(verify, { ca: ca.pem, leaf: leaf.pem })).toMatchObject({ ok: true });
    expect(openssl(['x509', '-noout', '-text', '-in', '{leaf}'], { leaf: leaf.pem }).output).toContain(
      'Alternative Name: critical',
    );
  });

  test('bears the issuer name of a CA made elsewhere byte for byte, whatever its kind of string', () => {
    const config = '[req]\ndistinguished_name=d\nstring_mask=utf8only\n[d]\n';
    const args = [
      'req',
      '-x509',
      '-new',
      '-days',
      '9',
      '-key',
      '{k}',
      '-config',
      '{f}',
      '-subj',
      '/CN=etcd-ca',
      '-extensions',
      'e',
    ];
    const files = {
      k: caKey.reveal(),
      f: `${config}[e]\nbasicConstraints=critical,CA:true\nsubjectKeyIdentifier=hash\n`,
    };
    const utf8 = unwrap(readCertificate(openssl(args, files).output));
    expect(Buffer.compare(subjectOf(utf8), subjectOf(ca))).not.toBe(0);
    const leaf = aLeafOf({ ca: utf8, caKey, csr });
    expect(Buffer.compare(leaf.parts.issuer, subjectOf(utf8))).toBe(0);
    expect(sameKey(utf8, ca)).toBe(true);
    expect(sameKey(utf8, leaf)).toBe(false);
  });
});

test('reads kinds of keys in all the usual forms and refuses what is none', () => {
  const sec1 = openssl(['ec', '-in', '{k}'], { k: aKey('P-384').reveal() }).output;
  expect(sec1).toContain('BEGIN EC PRIVATE KEY');
  expect(unwrap(keyKindOf(new Secret(sec1)))).toBe('ecdsa-p384');
  expect(keyKindOf(new Secret('hunter2'))).toMatchObject({ ok: false, failure: { code: 'bad-key' } });
  expect(JSON.stringify(keyKindOf(new Secret('hunter2')))).not.toContain('hunter2');
  const ca = makeCa({ subject: { commonName: 'etcd-ca' }, key: aKey(), ...life });
  expect(keyMatches(ca, aKey())).toBe(false);
  expect(keyMatches(ca, 'hunter2')).toBe(false);
});

function aLeafOf(input: {
  ca: Certificate;
  caKey: Secret;
  csr: string;
  order?: Partial<LeafOrder>;
}): Certificate {
  const csr = unwrap(readCsr(input.csr));
  const { subject } = csr;
  const ca = { certificate: input.ca, key: input.caKey };
  return signLeaf({ csr, ca, subject, names, usages: ['serverAuth', 'clientAuth'], ...life, ...input.order });
}
