import { copyFile, readdir, readFile, rename, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Secret } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aCaOrder, aSigner, passphrase, type SignerForTest, unwrap } from '../test/a-signer.ts';
import { caFilesIn } from './ca-files.ts';
import { openSigner } from './open-signer.ts';
import { readCas } from './read-cas.ts';
import { unlockFolder } from './unlock-folder.ts';

describe('a folder with two CAs', () => {
  let made: SignerForTest;
  beforeAll(async () => {
    made = await aSigner('b', 'a');
  });
  afterAll(() => made[Symbol.asyncDispose]());
  const textOf = (file: string) => readFile(join(made.folder, file), 'utf8');

  test('has both when it is opened again, in the order of their names', async () => {
    const before = made.signer.list();
    expect(before.map(({ name }) => name)).toEqual(['a', 'b']);
    expect(before[0]).toMatchObject({
      createdAt: '2026-06-01T12:00:00.000Z',
      facts: { subject: 'CN=a', isCa: true },
    });
    using again = unwrap(await openSigner({ folder: made.folder, passphrase }));
    expect(again.list()).toEqual(before);
  });

  test('keeps its files to itself and leaves no drafts', async () => {
    expect((await stat(made.folder)).mode & 0o777).toBe(0o700);
    expect((await readdir(made.folder)).sort()).toEqual(['a.json', 'b.json', 'kdf.json']);
    for (const file of ['a.json', 'b.json', 'kdf.json']) {
      expect((await stat(join(made.folder, file))).mode & 0o777).toBe(0o600);
      expect(await textOf(file)).not.toMatch(/PRIVATE KEY|horse/);
    }
  });

  test('has one salt, so that opening it costs one scrypt however many CAs there are', async () => {
    expect(await textOf('kdf.json')).toMatch(/"salt"/);
    for (const file of ['a.json', 'b.json']) expect(await textOf(file)).not.toMatch(/scrypt|salt/);
  });

  test('refuses a wrong passphrase', async () => {
    expect(await openSigner({ folder: made.folder, passphrase: new Secret('battery') })).toMatchObject({
      ok: false,
      failure: {
        code: 'wrong-passphrase',
        message: `the passphrase does not open the CA keys in ${made.folder}`,
      },
    });
  });

  test('does not lose a CA that another process made in the meantime', async () => {
    using other = unwrap(await openSigner({ folder: made.folder, passphrase }));
    unwrap(await other.create(aCaOrder('c')));
    const before = await textOf('c.json');
    expect(await made.signer.create(aCaOrder('c'))).toMatchObject({ failure: { code: 'exists' } });
    expect(await textOf('c.json')).toBe(before);
  });
});

test('refuses damaged, exchanged and foreign files, and names them', async () => {
  await using made = await aSigner('a', 'b');
  const file = (name: string) => join(made.folder, name);
  const folderKey = unwrap(await unlockFolder(caFilesIn(made.folder), passphrase));
  const read = () => readCas(caFilesIn(made.folder), folderKey);
  const original = await readFile(file('a.json'), 'utf8');
  const a = JSON.parse(original);
  const b = JSON.parse(await readFile(file('b.json'), 'utf8'));

  const damaged: [string, string, RegExp][] = [
    [original.slice(0, -9), 'bad-file', /a\.json is not JSON/],
    [JSON.stringify({ ...a, version: 2 }), 'bad-file', /a\.json: version/],
    [JSON.stringify({ ...a, certificate: 'x' }), 'bad-certificate', /a\.json: the file has no certificate/],
    [JSON.stringify({ ...a, key: b.key }), 'bad-key', /a\.json: its key does not open/],
    [JSON.stringify({ ...a, certificate: b.certificate }), 'bad-key', /a\.json: its key does not open/],
    [JSON.stringify({ ...a, key: { ...a.key, sealed: b.key.sealed } }), 'bad-key', /does not open/],
    [JSON.stringify(b), 'bad-key', /a\.json: it is the file of the CA b/],
  ];
  for (const [text, code, message] of damaged) {
    await writeFile(file('a.json'), text);
    expect(await read()).toMatchObject({
      ok: false,
      failure: { code, message: expect.stringMatching(message) },
    });
  }

  await writeFile(file('a.json'), original);
  await rename(file('a.json'), file('c.json'));
  expect(await read()).toMatchObject({
    failure: { message: expect.stringMatching(/c\.json: it is the file of/) },
  });

  await using other = await aSigner('c');
  await copyFile(join(other.folder, 'c.json'), file('c.json'));
  expect(await read()).toMatchObject({
    failure: { code: 'bad-key', message: expect.stringMatching(/another folder/) },
  });
});

test('says what is wrong with a folder that cannot be one', async () => {
  const folder = '/dev/null/cas';
  expect(await openSigner({ folder, passphrase })).toMatchObject({ failure: { code: 'bad-file' } });
});
