import { describe, expect, test } from 'vitest';
import { aCa, aKey, aLeaf, refusalOf, unwrap } from '../test/a-certificate.ts';
import { openssl } from '../test/openssl.ts';
import { subjectOf } from './belongs.ts';
import { certificateFromDer } from './certificate.ts';
import { makeCsr } from './make-csr.ts';
import { nameFrom } from './raw-name.ts';
import { readCsr } from './read-csr.ts';
import { at, childrenOf, readDer } from './read-der.ts';
import { bits, type Element, integer, nothing, objectId, sequence, toDer } from './write-der.ts';

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
  ['by the right to sign CRLs', 'keyUsage=digitalSignature,cRLSign'],
])('notices that somebody asks to be a CA %s', (_, extension) => {
  expect(unwrap(readCsr(aRequest(extension)))).toMatchObject({ requestedCa: true });
});

test('says which usages somebody asks for', () => {
  expect(unwrap(readCsr(aRequest('extendedKeyUsage=serverAuth'))).usages).toEqual(['1.3.6.1.5.5.7.3.1']);
  expect(unwrap(readCsr(aRequest('basicConstraints=CA:FALSE'))).usages).toBeUndefined();
});

test.each([
  ['subjectKeyIdentifier=hash', '2.5.29.14'],
  ['nameConstraints=permitted;DNS:x', '2.5.29.30'],
  ['certificatePolicies=1.2.3.4', '2.5.29.32'],
  ['tlsfeature=status_request', '1.3.6.1.5.5.7.1.24'],
  ['1.2.3.4=critical,ASN1:NULL', '1.2.3.4'],
])('refuses the extension %s', (extension, id) => {
  expect(refusalOf(readCsr(aRequest(extension)))).toContain(`it asks for the extension ${id}`);
});

test('refuses other attributes than extensions', () => {
  const config =
    '[req]\nprompt=no\ndistinguished_name=d\nattributes=a\n[d]\nCN=a\n[a]\nchallengePassword=secret\n';
  const { output } = openssl(['req', '-new', '-key', '{k}', '-config', '{c}'], {
    k: key.reveal(),
    c: config,
  });
  expect(refusalOf(readCsr(output))).toContain('it has the attribute 1.2.840.113549.1.9.7');
});

describe('refuses a public key that', () => {
  const p256 = ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:P-256'];
  const rsa = ['-algorithm', 'RSA', '-pkeyopt', 'rsa_keygen_bits:2048'];
  test.each([
    [
      'names its curve by parameters',
      [...p256, '-pkeyopt', 'ec_param_enc:explicit'],
      /not written the usual way/,
    ],
    ['is RSA with the exponent 3', [...rsa, '-pkeyopt', 'rsa_keygen_pubexp:3'], /another public exponent/],
    [
      'is RSA with another exponent',
      [...rsa, '-pkeyopt', 'rsa_keygen_pubexp:65539'],
      /another public exponent/,
    ],
    [
      'is on a curve of its own',
      ['-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:brainpoolP256r1'],
      /on a curve/,
    ],
    ['is for X448 and the like', ['-algorithm', 'ed448'], /of a kind that nobody here uses/],
  ])('%s', (_, args, why) => {
    const { output } = openssl(['genpkey', ...args], {});
    expect(refusalOf(readCsr(aRequest('basicConstraints=CA:FALSE', output)))).toMatch(why);
  });

  test.each([
    [
      'is a compressed point, which Go cannot read',
      () => Buffer.concat([Buffer.from([2]), Buffer.alloc(32, 7)]),
    ],
    ['is the point at infinity, for which everybody can sign', () => Buffer.from([0])],
    ['is no point at all', () => Buffer.alloc(0)],
    ['is a point too long', () => Buffer.concat([Buffer.from([4]), Buffer.alloc(65, 7)])],
  ])('%s', (_, point) => {
    expect(refusalOf(readCsr(withKey(ecKey(point()))))).toMatch(/not written the usual way/);
  });

  test('is a point beside the curve', () => {
    const point = Buffer.concat([Buffer.from([4]), Buffer.alloc(64, 7)]);
    expect(refusalOf(readCsr(withKey(ecKey(point))))).toMatch(/^bad-csr: /);
  });

  test.each<[string, [length: number, last: number], string, RegExp]>([
    ['is RSA with an even modulus', [256, 0x02], '010001', /even modulus/],
    ['is RSA with an even exponent', [256, 0x03], '010002', /another public exponent/],
    ['is RSA and enormous', [1100, 0x03], '010001', /longer than anybody needs/],
  ])('%s', (_, [length, last], exponent, why) => {
    const modulus = Buffer.alloc(length, 0x55).fill(last, length - 1);
    const key = sequence(integer(modulus), integer(Buffer.from(exponent, 'hex')));
    const algorithm = sequence(objectId('1.2.840.113549.1.1.1'), nothing());
    expect(refusalOf(readCsr(withKey(sequence(algorithm, bits(toDer(key))))))).toMatch(why);
  });
});

test('a certificate with the point at infinity for a key is refused, and nothing ends', () => {
  const leaf = aLeaf(aCa('ca')).certificate;
  const body = childrenOf(at(readDer(leaf.der), 0));
  const forged = sequence(...body.with(6, ecKey(Buffer.from([0]))));
  const der = toDer(sequence(forged, at(readDer(leaf.der), 1), at(readDer(leaf.der), 2)));
  expect(refusalOf(certificateFromDer(der))).toMatch(/^bad-certificate: /);
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

function aRequest(extension: string, pem = key.reveal()): string {
  const args = ['req', '-new', '-key', '{k}', '-subj', '/CN=a', '-addext', extension];
  return openssl(args, { k: pem }).output;
}

/** A request that says what ours says, for another key. */
function withKey(spki: Element): string {
  const tree = readDer(derOf(makeCsr({ key, subject, names })));
  const body = childrenOf(at(tree, 0)).with(2, spki);
  return pemOf(toDer(sequence(sequence(...body), at(tree, 1), at(tree, 2))));
}

function ecKey(point: Buffer): Element {
  const p256 = sequence(objectId('1.2.840.10045.2.1'), objectId('1.2.840.10045.3.1.7'));
  return sequence(p256, bits(point));
}

function derOf(pem: string): Buffer {
  return Buffer.from(pem.replace(/-----.*-----/g, ''), 'base64');
}

function pemOf(der: Buffer): string {
  return `-----BEGIN CERTIFICATE REQUEST-----\n${der.toString('base64')}\n-----END CERTIFICATE REQUEST-----\n`;
}
