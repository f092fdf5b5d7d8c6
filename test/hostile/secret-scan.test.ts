import { generateKeyPairSync } from 'node:crypto';
import { expect, test } from 'vitest';
import { finder } from './scan/finder.ts';
import { keySecret, shapes, textSecret } from './scan/needles.ts';
import { findIn } from './secret-scan.ts';

const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();
const der = privateKey.export({ type: 'pkcs8', format: 'der' });
const raw = Buffer.from(String(privateKey.export({ format: 'jwk' }).d), 'base64url');
const key = keySecret('the key', pem);

test.each([
  ['PEM', pem],
  ['PEM in JSON', JSON.stringify({ key: pem })],
  ['PEM as OpenSSL writes it', privateKey.export({ type: 'sec1', format: 'pem' })],
  ['DER', der],
  ['DER in base64', der.toString('base64')],
  ['DER in hex', der.toString('hex')],
  ['its number', raw],
  ['its number in hex, in capitals', raw.toString('hex').toUpperCase()],
  ['its number in base64', raw.toString('base64')],
  ['its number in base64 for URLs', raw.toString('base64url')],
  [
    'its number in longer base64',
    Buffer.concat([Buffer.from('xx'), raw, Buffer.from('yyy')]).toString('base64'),
  ],
])('finds a key as %s', (_, written) => {
  expect(searched(written)).toContain('the key');
});

test.each([
  ['in PEM', pem, 'a private key in PEM'],
  ['in DER', der, 'an EC key in PKCS#8'],
  ['in base64', der.toString('base64'), 'an EC key in PKCS#8'],
  [
    'as OpenSSL writes it',
    privateKey.export({ type: 'sec1', format: 'der' }),
    'an EC key as OpenSSL writes it',
  ],
])('finds a key that nobody knows %s', (_, written, name) => {
  expect(findIn(placeWith(written), finder(shapes)).map(({ secret }) => secret)).toContain(name);
});

test('finds a passphrase, and nothing in what has none', () => {
  const secret = textSecret('the passphrase', 'open sesame');
  expect(findIn(placeWith('say "open sesame"'), finder([secret]))).toHaveLength(1);
  expect(findIn(placeWith('say nothing at all'), finder([secret, key, ...shapes]))).toEqual([]);
});

function searched(written: string | Buffer): string[] {
  return findIn(placeWith(written), finder([key])).map(({ secret }) => secret);
}

function placeWith(written: string | Buffer) {
  return {
    kind: 'logs',
    name: 'a log',
    bytes: Buffer.concat([Buffer.from('before '), Buffer.from(written), Buffer.from(' after')]),
  };
}
