import { Secret } from '@etcd-rotate/pki';
import { expect, test } from 'vitest';
import { decryptKey, encryptKey } from './key-file.ts';

const passphrase = new Secret('correct horse');
const text = encryptKey(new Secret('-----BEGIN PRIVATE KEY-----'), passphrase);

/** The text with one field of it changed. */
function changed(path: string[], change: (value: never) => unknown): string {
  const file = JSON.parse(text);
  const last = path.at(-1) ?? '';
  const parent = path.slice(0, -1).reduce((object, key) => object[key], file);
  parent[last] = change(parent[last] as never);
  return JSON.stringify(file);
}

test('gives back what was encrypted', () => {
  const key = decryptKey(text, passphrase);
  expect(key.ok && key.value.reveal()).toBe('-----BEGIN PRIVATE KEY-----');
});

test('shows neither key nor passphrase', () => {
  expect(text).not.toMatch(/PRIVATE|horse|BEGIN/);
});

test('never encrypts to the same text twice', () => {
  const again = JSON.parse(encryptKey(new Secret('-----BEGIN PRIVATE KEY-----'), passphrase));
  expect(again.kdf.salt).not.toBe(JSON.parse(text).kdf.salt);
  expect(again.key.nonce).not.toBe(JSON.parse(text).key.nonce);
});

test('says in one sentence that the passphrase is wrong', () => {
  expect(decryptKey(text, new Secret('battery staple'))).toMatchObject({
    ok: false,
    failure: {
      code: 'wrong-passphrase',
      message: 'the passphrase does not open the encrypted key, or the file was changed',
    },
  });
});

const flip = (base64: string) => (base64.startsWith('A') ? 'B' : 'A') + base64.slice(1);

test.each([
  ['its salt', ['kdf', 'salt'], flip],
  ['its cost', ['kdf', 'N'], (n: number) => n * 2],
  ['its data', ['key', 'data'], flip],
])('does not open a file with a change in %s', (_, path, change) => {
  expect(decryptKey(changed(path, change), passphrase)).toMatchObject({
    failure: { code: 'wrong-passphrase' },
  });
});

test.each([
  ['100 GB', ['kdf', 'N'], () => 2 ** 27],
  ['cheap guessing', ['kdf', 'N'], () => 2],
  ['a cost that is no power of two', ['kdf', 'N'], () => 2 ** 15 + 1],
  ['too much by block size', ['kdf', 'r'], () => 1024],
  ['days of work', ['kdf', 'p'], () => 1000],
  ['N and r that are too much together', ['kdf'], (kdf: object) => ({ ...kdf, N: 2 ** 18, r: 16 })],
  ['another cipher', ['key', 'cipher'], () => 'aes-256-ecb'],
  ['a short tag', ['key', 'tag'], () => 'AAAA'],
  ['another version', ['version'], () => 2],
  ['a field that is not known', ['extra'], () => 1],
])('refuses a file that asks for %s', (_, path, change) => {
  expect(decryptKey(changed(path, change), passphrase)).toMatchObject({ failure: { code: 'bad-file' } });
});

test('does not quote a text that is no such file', () => {
  const failed = decryptKey('-----BEGIN PRIVATE KEY-----\nhunter2', passphrase);
  expect(failed).toMatchObject({ ok: false, failure: { code: 'bad-file' } });
  expect(JSON.stringify(failed)).not.toContain('hunter2');
});
