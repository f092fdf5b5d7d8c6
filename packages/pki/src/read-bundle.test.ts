import { expect, test } from 'vitest';
import { aCa, aKey, aLeaf, refusalOf, unwrap } from '../test/a-certificate.ts';
import { readCertificate, readCertificates, writeBundle } from './read-bundle.ts';
import { objectId, octets, sequence } from './write-der.ts';

const one = aCa('one').certificate;
const two = aCa('two').certificate;
const both = one.pem + two.pem;
const middle = (pem: string) => Math.floor(pem.length / 2);

test('reads every certificate in the order of the file', () => {
  expect(subjects(both)).toEqual(['CN=one', 'CN=two']);
  expect(subjects(two.pem + one.pem)).toEqual(['CN=two', 'CN=one']);
});

test.each([
  ['CRLF', both.replaceAll('\n', '\r\n')],
  ['comments and blank lines', `# old\n\n${one.pem}\nsubject=CN = two\n  \n${two.pem}\n# the end`],
  ['duplicates', both + one.pem + two.pem],
  ['no newline at the end', both.trimEnd()],
  ['spaces at the ends of lines', both.replaceAll('\n', ' \n')],
])('reads a bundle with %s', (_, text) => {
  expect(subjects(text)).toEqual(['CN=one', 'CN=two']);
});

test.each([
  ['an empty file', '', /no certificate: etcd would start and trust nobody/],
  ['text without PEM', 'hello\n', /no certificate/],
  [
    'two certificates joined without a newline',
    one.pem.trimEnd() + two.pem,
    /without a newline .* without both/,
  ],
  ['a last block cut off', both.slice(0, -40), /cut off before its END: etcd would start without that/],
  [
    'a block cut off in the middle',
    one.pem.slice(0, middle(one.pem)) + two.pem,
    /BEGIN or END that is not alone/,
  ],
  [
    'a block cut off after a line',
    `${one.pem.split('\n').slice(0, 4).join('\n')}\n${two.pem}`,
    /has no END before/,
  ],
  ['bad base64', both.replace(/\n[A-Za-z0-9+/]{3}/, '\n*!*'), /line 1 is not base64/],
  ['a missing character of base64', both.replace(/\n[A-Za-z0-9+/]/, '\n'), /line 1 is not base64/],
  ['a header in a block', both.replace('CATE-----\n', 'CATE-----\nProc-Type: 4,ENCRYPTED\n\n'), /not base64/],
  ['an END without a BEGIN', both.split('\n').slice(1).join('\n'), /ends a block that never began/],
  ['a BEGIN with four dashes', both.replace('-----BEGIN', '----BEGIN'), /not alone and exact/],
  ['a byte order mark', `\ufeff${both}`, /line 1 has a BEGIN or END that is not alone/],
  ['an indented block', both.replace('-----BEGIN', ' -----BEGIN'), /not alone and exact/],
  ['old Mac line ends', both.replaceAll('\n', '\r'), /without a newline|not alone/],
  ['a certificate of 60,000 bytes', both + aLargeCa(60_000), /bytes, more than 48000/],
  ['a private key', both + aKey().reveal(), /private key: etcd would .* not start/],
  ['a block of another type', both.replaceAll('CERTIFICATE', 'X509 CRL'), /type X509 CRL/],
  ['a trusted certificate of openssl', both.replaceAll('CERTIFICATE', 'TRUSTED CERTIFICATE'), /TRUSTED/],
  ['ends that differ', both.replace('END CERTIFICATE', 'END CERT'), /begins as CERTIFICATE and ends as CERT/],
  [
    'base64 of something else',
    both.replace(/\n[A-Za-z0-9+/]{4}/, '\nAAAA'),
    /cannot be parsed.*etcd would not start/,
  ],
  ['bytes behind a certificate', block(Buffer.concat([one.der, Buffer.from([5, 0])])), /cannot be parsed/],
  ['a megabyte', `${both}${'# padding\n'.repeat(110_000)}`, /longer than/],
  ['too many certificates', one.pem.repeat(201), /more than 200/],
])('refuses %s', (_, text, why) => {
  expect(refusalOf(readCertificates(text))).toMatch(why);
  expect(refusalOf(readCertificates(text))).toMatch(/^bad-bundle: /);
});

test('refuses a cut at any byte but those between blocks', () => {
  const boundaries = new Set([one.pem.length - 1, one.pem.length, both.length - 1]);
  for (let cut = 0; cut < both.length; cut += 7) {
    if (!boundaries.has(cut)) expect(readCertificates(both.slice(0, cut)).ok, `cut at ${cut}`).toBe(false);
  }
});

test('writes a bundle that reads as it was', () => {
  expect(writeBundle([one, two])).toBe(both);
  expect(subjects(writeBundle([two, one]))).toEqual(['CN=two', 'CN=one']);
});

test('wants one certificate where one is expected', () => {
  expect(unwrap(readCertificate(aLeaf(aCa('ca')).certificate.pem)).facts.subject).toBe('CN=leaf');
  expect(refusalOf(readCertificate(both))).toBe('bad-certificate: one certificate was expected, here are 2');
  expect(refusalOf(readCertificate(''))).toMatch(/^bad-certificate: /);
});

function subjects(pem: string): string[] {
  return unwrap(readCertificates(pem)).map(({ facts }) => facts.subject);
}

function block(der: Buffer): string {
  return `-----BEGIN CERTIFICATE-----\n${der.toString('base64')}\n-----END CERTIFICATE-----\n`;
}

function aLargeCa(bytes: number): string {
  const extension = sequence(objectId('1.3.6.1.4.1.99999.1'), octets(Buffer.alloc(bytes)));
  return aCa('large', { more: [extension] }).certificate.pem;
}
