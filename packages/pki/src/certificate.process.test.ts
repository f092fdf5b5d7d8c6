import { expect, test } from 'vitest';
import { aCa, aKey, aLeaf, noon, unwrap } from '../test/a-certificate.ts';
import { openssl } from '../test/openssl.ts';
import { certificateFromDer } from './certificate.ts';
import { makeCa } from './make-ca.ts';
import { nameFrom } from './raw-name.ts';
import { readCertificate } from './read-bundle.ts';

test('says what a leaf says', () => {
  const ca = aCa('etcd-ca');
  const names = { dns: ['etcd-1', '*.example.com'], ip: ['10.0.0.1', '::1', '2001:db8:0:0:0:0:0:1'] };
  const subject = nameFrom({ commonName: 'etcd-1', organization: 'system:masters' });
  const { facts } = aLeaf(ca, { subject, names, usages: ['clientAuth'] }).certificate;
  expect(facts).toMatchObject({
    subject: 'CN=etcd-1,O=system:masters',
    issuer: 'CN=etcd-ca',
    commonName: 'etcd-1',
    isCa: false,
    names: { dns: ['etcd-1', '*.example.com'], ip: ['10.0.0.1', '::1', '2001:db8::1'] },
    usages: ['clientAuth'],
    keyKind: 'ecdsa-p256',
    authorityKeyId: ca.certificate.facts.subjectKeyId,
    selfSigned: false,
    notBefore: '2026-05-22T12:00:00.000Z',
  });
});

test('agrees with openssl on fingerprint, serial, dates and subject', () => {
  const { pem, facts } = aCa('etcd-ca', { pathLength: 1 }).certificate;
  const args = ['x509', '-noout', '-serial', '-fingerprint', '-sha256', '-in', '{c}'];
  const { output } = openssl([...args, '-subject', '-nameopt', 'rfc2253'], { c: pem });
  expect(output.toLowerCase().replaceAll(':', '')).toContain(facts.fingerprint);
  expect(output.toLowerCase()).toContain(`serial=${facts.serial}\n`);
  expect(output).toContain(`subject=${facts.subject}\n`);
  expect(facts).toMatchObject({ isCa: true, pathLength: 1, selfSigned: true });
});

test('does not call a certificate self-signed that only bears its own name as issuer', () => {
  const real = aCa('ca');
  expect(aLeaf(real, { name: 'ca' }).certificate.facts.selfSigned).toBe(false);
});

test('reads what openssl makes: version 1, unusual strings, other usages', () => {
  const key = aKey().reveal();
  const config = '[req]\ndistinguished_name=d\n[d]\n';
  const self = [
    'req',
    '-x509',
    '-new',
    '-key',
    '{k}',
    '-config',
    '{f}',
    '-subj',
    '/O=Ünïcode, Inc./CN=a\\/b',
  ];
  const made = openssl([...self, '-utf8', '-addext', 'extendedKeyUsage=1.2.3.4,codeSigning'], {
    k: key,
    f: config,
  });
  const { facts } = unwrap(readCertificate(made.output));
  expect(facts.subject).toBe('CN=a/b,O=Ünïcode\\, Inc.');
  expect(facts.usages).toEqual(['1.2.3.4', 'codeSigning']);
});

test('makes control characters in names visible', () => {
  const { facts } = aCa('a\u001b[31mred\u202e').certificate;
  expect(facts.subject).toBe('CN=a\\1b[31mred\\e2\\80\\ae');
});

test('refuses DER that Go refuses', () => {
  const { der } = aCa('ca').certificate;
  for (const bytes of [
    Buffer.alloc(0),
    Buffer.from('hello'),
    der.slice(0, -1),
    Buffer.concat([der, Buffer.alloc(1)]),
  ]) {
    expect(certificateFromDer(bytes).ok).toBe(false);
  }
});

test('never throws on damaged DER', () => {
  const { der } = aLeaf(aCa('ca'), { names: { dns: ['a'], ip: ['::1'] } }).certificate;
  for (let index = 0; index < der.length; index += 1) {
    const damaged = Buffer.from(der);
    damaged[index] = (damaged[index] ?? 0) ^ 0x1f;
    expect(() => certificateFromDer(damaged)).not.toThrow();
  }
});

test('keeps serials positive and dates beyond 2050 right', () => {
  const life = { notBefore: noon, notAfter: new Date('2061-01-02T03:04:05Z') };
  const subject = { commonName: 'ca' };
  const { facts } = makeCa({ subject, key: aKey(), ...life, serial: 'ff01' });
  expect(facts).toMatchObject({ serial: 'ff01', notAfter: '2061-01-02T03:04:05.000Z' });
  for (let round = 0; round < 20; round += 1) {
    expect(makeCa({ subject, key: aKey(), ...life }).facts.serial).toMatch(/^[4-7][0-9a-f]{31}$/);
  }
});
