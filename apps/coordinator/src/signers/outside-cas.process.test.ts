import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { generateKey, makeCa } from '@etcd-rotate/pki';
import type { OutsideSigner } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { outsideCas } from './outside-cas.ts';

const key = '0123456789abcdef0123456789abcdef';
const start = new Date('2026-06-01T12:00:00Z');

let folder: string;
let pem: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'outside-cas-'));
  const life = { notBefore: start, notAfter: new Date(start.getTime() + 1e11) };
  pem = makeCa({ subject: { commonName: 'corp' }, key: await generateKey('ecdsa-p256'), ...life }).pem;
});
afterAll(() => rm(folder, { recursive: true }));
beforeEach(async () => {
  await write('corp.pem', pem);
  await write('auth-key', `${key}\n`);
  await write('token', 'hvs.x\n');
});

const cfssl = { url: 'https://ca.example:8888', canaryProfile: 'canary', authKey: { file: 'auth-key' } };
const vault = { url: 'https://vault.example:8200', mount: 'pki', role: 'etcd', token: { file: 'token' } };
const corp: OutsideSigner = { name: 'corp', certificate: 'corp.pem', cfssl };
const places = () => ({ from: (path: string) => resolve(folder, path), credentialsFolder: undefined });

test('paths are taken from the folder of coordinator.yaml, and nobody is asked', async () => {
  const read = await outsideCas([corp], places());
  expect(read).toMatchObject({ ok: true, value: [{ name: 'corp', host: 'ca.example:8888', between: [] }] });
  expect(await outsideCas([{ ...base(), vault }], places())).toMatchObject({ ok: true });
});

test('a secret may be a credential of systemd', async () => {
  const signers: OutsideSigner[] = [{ ...base(), cfssl: { ...cfssl, authKey: { credential: 'auth-key' } } }];
  expect(await outsideCas(signers, { ...places(), credentialsFolder: folder })).toMatchObject({ ok: true });
  expect(await outsideCas(signers, places())).toMatchObject({
    failure: { code: 'bad-file', message: expect.stringMatching(/authKey of corp .*CREDENTIALS_DIRECTORY/) },
  });
});

test.each<[string, () => Promise<unknown>, OutsideSigner, RegExp]>([
  ['a key that others can read', () => chmod(join(folder, 'auth-key'), 0o644), corp, /can be read by others/],
  [
    'a token that others can read',
    () => chmod(join(folder, 'token'), 0o640),
    { ...base(), vault },
    /read by others/,
  ],
  ['an empty key', () => write('auth-key', '\n'), corp, /the authKey of corp is empty/],
  ['a key that is not in hex', () => write('auth-key', 'a passphrase'), corp, /16 bytes or more in hex/],
  ['a key that is short', () => write('auth-key', 'abcd'), corp, /16 bytes or more in hex/],
  ['a token of two lines', () => write('token', 'a\nb'), { ...base(), vault }, /is not one word/],
  ['no file of the key', () => rm(join(folder, 'auth-key')), corp, /auth-key cannot be read/],
  ['no certificate', () => rm(join(folder, 'corp.pem')), corp, /corp.pem cannot be read/],
  [
    'no CA for https',
    async () => undefined,
    { ...base(), cfssl: { ...cfssl, ca: 'tls.pem' } },
    /tls.pem cannot be read/,
  ],
  ['a certificate that is none', () => write('corp.pem', 'hello'), corp, /corp.pem: .* has no certificate/],
])('%s is refused, and no secret is shown', async (_, spoil, signer, why) => {
  await spoil();
  const read = await outsideCas([signer], places());
  expect(read).toMatchObject({ ok: false, failure: { message: expect.stringMatching(why) } });
  expect(JSON.stringify(read)).not.toMatch(/a passphrase|abcd|hvs/);
});

test('one CA is named once', async () => {
  expect(await outsideCas([corp, { ...corp, name: 'other' }], places())).toMatchObject({
    failure: {
      code: 'bad-file',
      message: expect.stringMatching(/other has the certificate of another signer/),
    },
  });
});

function base() {
  return { name: 'corp', certificate: 'corp.pem' };
}

async function write(name: string, text: string): Promise<void> {
  await writeFile(join(folder, name), text);
  await chmod(join(folder, name), 0o600);
}
