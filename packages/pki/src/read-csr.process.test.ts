import { expect, test } from 'vitest';
import { aCa, aKey, aLeaf, refusalOf, unwrap } from '../test/a-certificate.ts';
import { openssl } from '../test/openssl.ts';
import { subjectOf } from './belongs.ts';
import { makeCsr } from './make-csr.ts';
import { nameFrom } from './raw-name.ts';
import { readCsr } from './read-csr.ts';

const key = aKey();
const names = { dns: ['etcd-1'], ip: ['10.0.0.1', '2001:db8::1'] };
const subject = nameFrom({ commonName: 'etcd-1', organization: 'Ünï' });

test('openssl verifies what is made, and reads the same in it', () => {
  const csr = makeCsr({ key, subject, names });
  const { ok, output } = openssl(['req', '-verify', '-noout', '-text', '-in', '{csr}'], { csr });
  expect(ok).toBe(true);
  expect(output).toContain('DNS:etcd-1, IP Address:10.0.0.1, IP Address:2001:DB8:0:0:0:0:0:1');
});

test('reads what was made', () => {
  const csr = unwrap(readCsr(makeCsr({ key, subject, names })));
  expect(csr).toMatchObject({ keyKind: 'ecdsa-p256', names, requestedCa: false });
  expect(Buffer.compare(csr.subject, subject)).toBe(0);
});

test('takes the subject of a certificate byte for byte', () => {
  const leaf = aLeaf(aCa('ca'), { subject }).certificate;
  const csr = unwrap(readCsr(makeCsr({ key, subject: subjectOf(leaf), names })));
  expect(Buffer.compare(csr.subject, leaf.parts.subject)).toBe(0);
});

test('reads a request without subject and names', () => {
  const csr = unwrap(readCsr(makeCsr({ key, subject: nameFrom({}), names: { dns: [], ip: [] } })));
  expect(csr.names).toEqual({ dns: [], ip: [] });
  expect(csr.subject.length).toBe(2);
});

test.each([
  ['by basic constraints', 'basicConstraints=CA:TRUE'],
  ['by key usage', 'keyUsage=keyCertSign'],
])('notices that somebody asks to be a CA %s', (_, extension) => {
  expect(unwrap(readCsr(aRequest(extension)))).toMatchObject({ requestedCa: true });
});

test('refuses names of other kinds', () => {
  expect(refusalOf(readCsr(aRequest('subjectAltName=DNS:a,URI:spiffe://x')))).toMatch(
    /neither DNS names nor IP/,
  );
});

test('refuses a request that is signed with another key', () => {
  const mine = derOf(makeCsr({ key, subject, names }));
  const yours = derOf(makeCsr({ key: aKey(), subject, names }));
  // The key lies in the middle: put the other one there and keep the signature.
  const spki = unwrap(readCsr(pemOf(mine))).publicKey;
  const other = unwrap(readCsr(pemOf(yours))).publicKey;
  const start = mine.indexOf(spki);
  const forged = Buffer.concat([mine.subarray(0, start), other, mine.subarray(start + spki.length)]);
  expect(refusalOf(readCsr(pemOf(forged)))).toMatch(/^bad-csr: .*not signed with the key/);
});

test('refuses every request with a changed byte, and never throws', () => {
  const der = derOf(makeCsr({ key, subject, names }));
  for (let index = 0; index < der.length; index += 1) {
    const damaged = Buffer.from(der);
    damaged[index] = (damaged[index] ?? 0) ^ 0x41;
    expect(readCsr(pemOf(damaged)).ok, `byte ${index}`).toBe(false);
  }
});

test('refuses SHA-1, certificates, bundles of requests, deep nesting and long texts', () => {
  const sha1 = openssl(['req', '-new', '-key', '{k}', '-sha1', '-subj', '/CN=a'], { k: key.reveal() });
  expect(sha1.ok).toBe(true);
  const csr = makeCsr({ key, subject, names });
  const nested = Buffer.alloc(8000, 0x30);
  for (const text of [
    sha1.output,
    aCa('ca').certificate.pem,
    csr + csr,
    pemOf(nested),
    csr + '#'.repeat(16_384),
    '',
  ]) {
    expect(refusalOf(readCsr(text))).toMatch(/^bad-csr: /);
  }
});

function aRequest(extension: string): string {
  const args = ['req', '-new', '-key', '{k}', '-subj', '/CN=a', '-addext', extension];
  return openssl(args, { k: key.reveal() }).output;
}

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64');
}

function pemOf(der: Buffer): string {
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
}
