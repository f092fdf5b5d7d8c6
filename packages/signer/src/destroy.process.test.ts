import { createPrivateKey } from 'node:crypto';
import { mkdir, open, readdir, readFile, rm, stat, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret } from '@etcd-rotate/protocol';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aCaOrder, aSigner, daysFromNoon, passphrase, type SignerForTest, unwrap } from '../test/a-signer.ts';
import { openSigner } from './open-signer.ts';
import { announce, finishReplacing } from './replace-file.ts';

let made: SignerForTest;
beforeEach(async () => {
  made = await aSigner('a', 'b');
});
afterEach(() => made[Symbol.asyncDispose]());

const at = (file: string) => join(made.folder, file);
const textOf = (file: string) => readFile(at(file), 'utf8');
const opened = async () => unwrap(await openSigner({ folder: made.folder, passphrase }));
const order = { subject: Buffer.from('3000', 'hex'), names: { dns: ['m1'], ip: [] }, usages: [] };
const specimen = (ca: string) => ({
  ...{ ...order, ca, notBefore: daysFromNoon(0), notAfter: daysFromNoon(1) },
});
/** What JSON has between the quotes of a sealed key: base64 of its bytes. */
async function sealedOf(file: string): Promise<string[]> {
  const { key } = JSON.parse(await textOf(file));
  return [key.wrapped.data, key.sealed.data];
}

test('leaves the certificate, says so when it is opened again, and signs nothing with it', async () => {
  const sealed = await sealedOf('a.json');
  const [before] = made.signer.list();
  const gone = unwrap(await made.signer.destroy('a', 'ann'));
  expect(gone).toEqual({ ...before, key: 'destroyed', destroyedBy: 'ann' });
  for (const part of sealed) expect(await textOf('a.json')).not.toContain(part);
  expect((await stat(at('a.json'))).mode & 0o777).toBe(0o600);
  using again = await opened();
  for (const signer of [made.signer, again]) {
    expect(signer.list()).toMatchObject([gone, { name: 'b', key: 'held' }]);
    for (const refused of [await signer.signSpecimen(specimen('a')), signer.exportKey('a')])
      expect(refused).toMatchObject({
        failure: { code: 'ca-not-held', message: expect.stringContaining('was destroyed') },
      });
    expect((await signer.signSpecimen(specimen('b'))).ok).toBe(true);
    expect(await signer.create(aCaOrder('a'))).toMatchObject({ failure: { code: 'exists' } });
  }
});

test('overwrites the key where it lies, so that whoever has the file open finds nothing', async () => {
  const sealed = await sealedOf('a.json');
  await using before = await open(at('a.json'));
  unwrap(await made.signer.destroy('a'));
  const there = await before.readFile('latin1');
  expect(there.length).toBeGreaterThan(500);
  for (const part of [...sealed, 'certificate']) expect(there).not.toContain(part);
});

test('destroyed twice it is destroyed once', async () => {
  unwrap(await made.signer.destroy('a', 'ann'));
  const [text, { ino }] = [await textOf('a.json'), await stat(at('a.json'))];
  expect(unwrap(await made.signer.destroy('a', 'bob'))).toMatchObject({ destroyedBy: 'ann' });
  expect([await textOf('a.json'), (await stat(at('a.json'))).ino]).toEqual([text, ino]);
});

test('there is nothing to destroy of a CA that is not there', async () => {
  expect(await made.signer.destroy('c')).toMatchObject({ failure: { code: 'unknown-ca' } });
  expect(await made.signer.destroy('../a')).toMatchObject({ failure: { code: 'unknown-ca' } });
});

describe('cut off', () => {
  const left = async () => {
    await using other = await aSigner('a');
    unwrap(await other.signer.destroy('a', 'ann'));
    const gone = JSON.parse(await readFile(join(other.folder, 'a.json'), 'utf8'));
    const { certificate } = JSON.parse(await textOf('a.json'));
    return JSON.stringify({ ...gone, certificate });
  };

  test('before it is announced, nothing has happened', async () => {
    await writeFile(at('a.json.0123.tmp'), (await left()).slice(0, 100));
    using again = await opened();
    expect(again.list()).toMatchObject([{ name: 'a', key: 'held' }, { name: 'b' }]);
    expect((await again.signSpecimen(specimen('a'))).ok).toBe(true);
  });

  test.each([
    ['before the key is overwritten', 0],
    ['in the middle of overwriting', 0.5],
    ['after overwriting', 1],
  ])('%s, it is finished when the folder is opened', async (_when, part) => {
    const [sealed, text] = [await sealedOf('a.json'), await left()];
    await announce(at('a.json'), text);
    const old = await readFile(at('a.json'));
    await writeFile(at('a.json'), old.fill(0xa5, 0, old.length * part), { flag: 'r+' });
    using again = await opened();
    expect(again.list()).toMatchObject([{ name: 'a', key: 'destroyed', destroyedBy: 'ann' }, { name: 'b' }]);
    expect((await readdir(made.folder)).sort()).toEqual(['a.json', 'b.json', 'kdf.json']);
    for (const one of sealed) expect(await textOf('a.json')).not.toContain(one);
  });

  test('after it was replaced, it is done', async () => {
    await announce(at('a.json'), await left());
    await finishReplacing(at('a.json'));
    using again = await opened();
    expect(again.list()).toMatchObject([{ key: 'destroyed' }, { key: 'held' }]);
  });

  test('by a folder that cannot be written, it signs nothing and is finished when asked again', async () => {
    const text = await textOf('a.json');
    // Where the announcement would go lies something that no file can replace.
    await mkdir(at('a.json.next/in-the-way'), { recursive: true });
    expect(await made.signer.destroy('a')).toMatchObject({ failure: { code: 'bad-file' } });
    expect(await textOf('a.json')).toBe(text);
    expect(made.signer.list()[0]).toMatchObject({ key: 'destroyed' });
    expect((await made.signer.signSpecimen(specimen('a'))).ok).toBe(false);
    await rm(at('a.json.next'), { recursive: true });
    unwrap(await made.signer.destroy('a'));
    expect(await textOf('a.json')).toContain('"destroyed"');
  });
});

test('a folder whose kdf.json is missing is not begun anew beside the keys that it opens', async () => {
  await unlink(at('kdf.json'));
  expect(await openSigner({ folder: made.folder, passphrase })).toMatchObject({
    failure: {
      code: 'bad-file',
      message: expect.stringMatching(/kdf\.json is missing, without which .*a\.json/),
    },
  });
  expect(await readdir(made.folder)).not.toContain('kdf.json');
});

describe('exports a key', () => {
  test('in PKCS#8, encrypted with a passphrase or not', () => {
    const plain = unwrap(made.signer.exportKey('a'));
    const locked = unwrap(made.signer.exportKey('a', new Secret('a long one')));
    expect(locked.reveal()).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
    expect(() => createPrivateKey({ key: locked.reveal(), passphrase: 'another' })).toThrow();
    const same = [
      createPrivateKey({ key: locked.reveal(), passphrase: 'a long one' }),
      createPrivateKey(plain.reveal()),
    ].map((key) => key.export({ type: 'pkcs8', format: 'pem' }));
    expect(same[0]).toBe(same[1]);
  });

  test('which can be adopted, and is that of the CA', async () => {
    const [{ certificate = '' } = {}] = made.signer.list();
    await using other = await aSigner();
    const adoption = { name: 'a', certificate, key: unwrap(made.signer.exportKey('a')) };
    expect(unwrap(await other.signer.adopt(adoption)).key).toBe('held');
  });
});

test('keys that are made ahead are used once each, and new ones are made when there are none left', async () => {
  made.signer.makeKeysAhead(['ecdsa-p256', 'ecdsa-p256']);
  const keys = await Promise.all(
    ['c', 'd', 'e'].map(async (name) => unwrap(await made.signer.create(aCaOrder(name))).facts.publicKey),
  );
  expect(new Set(keys).size).toBe(3);
});
