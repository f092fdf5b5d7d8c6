import { createPrivateKey } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockFolder, openFileJournal, openMemoryJournal } from '@etcd-rotate/journal';
import { keyMatches, readCertificate } from '@etcd-rotate/pki';
import { type EntryBody, fail, ok, type Result, Secret } from '@etcd-rotate/protocol';
import { caFilesIn, openSigner } from '@etcd-rotate/signer';
import { aCa } from '@etcd-rotate/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unwrap } from '../test/a-store.ts';
import { adoptCa } from './adopt-ca.ts';
import { type ExportOptions, exportCa, sayExported } from './export-ca.ts';

const passphrase = new Secret('correct horse');
const { known, key } = aCa('ca1');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'export-'));
  await mkdir(at('state'));
  await writeFile(at('ca.pem'), known.pem);
  await writeFile(at('ca-key.pem'), key.reveal(), { mode: 0o600 });
  unwrap(await adoptCa({ ...store(), name: 'old', cert: at('ca.pem'), key: at('ca-key.pem') }));
});
afterEach(() => rm(folder, { recursive: true }));

test('what was adopted on the coordinator is in the journal, by nobody in particular', async () => {
  const { subject, fingerprint } = known.facts;
  expect(await said()).toEqual([{ type: 'ca-key', did: 'adopted', name: 'old', subject, fingerprint }]);
});

test('writes the key encrypted into a new file that only its owner can read, and writes it down', async () => {
  unwrap(await exported({ exportPassphrase: new Secret('a long one') }));
  const text = await readFile(at('out.pem'), 'utf8');
  expect(text).toMatch(/^-----BEGIN ENCRYPTED PRIVATE KEY-----/);
  expect((await stat(at('out.pem'))).mode & 0o777).toBe(0o600);
  const opened = createPrivateKey({ key: text, passphrase: 'a long one' });
  const plain = opened.export({ type: 'pkcs8', format: 'pem' }).toString();
  expect(keyMatches(unwrap(readCertificate(known.pem)), new Secret(plain))).toBe(true);
  expect((await said()).at(-1)).toMatchObject({ did: 'exported', name: 'old' });
  // The store keeps its own.
  using signer = unwrap(await openSigner({ folder: at('state/cas'), passphrase }));
  expect(signer.list()).toMatchObject([{ name: 'old', key: 'held' }]);
});

test('writes it unencrypted where that was said, and says what that means', async () => {
  const ca = unwrap(await exported({}));
  expect(createPrivateKey(await readFile(at('out.pem'), 'utf8')).type).toBe('private');
  const said = (encrypted: boolean) => sayExported(ca, { out: 'out.pem', encrypted });
  expect(said(false)).toContain('NOT encrypted');
  expect(said(true)).toContain('PBKDF2, 2048 rounds');
  for (const encrypted of [true, false]) expect(said(encrypted)).not.toContain('PRIVATE');
});

describe('exports nothing', () => {
  test('over a file that is there, and writes nothing down', async () => {
    await writeFile(at('out.pem'), 'mine');
    expect(codeOf(await exported({}))).toBe('exists');
    expect(await readFile(at('out.pem'), 'utf8')).toBe('mine');
    expect(await said()).toHaveLength(1);
  });

  test('where it cannot be written down', async () => {
    const cas = caFilesIn(at('state/cas'));
    const memory = unwrap(await openMemoryJournal({ now: () => new Date() }));
    const append = async () => fail('journal-not-written', 'the disk is full', 'make room');
    const openJournal = async () => ok({ ...memory, append });
    const refused = await exported({ whileNobodyLeads: (use) => use({ cas, openJournal }) });
    expect(codeOf(refused)).toBe('journal-not-written');
    expect(existsSync(at('out.pem'))).toBe(false);
  });

  test('while the coordinator runs, and says what to do', async () => {
    using _daemon = unwrap(await lockFolder(at('state/journal')));
    expect(await exported({})).toMatchObject({
      failure: { code: 'state-locked', hint: expect.stringMatching(/stop it/) },
    });
    expect(existsSync(at('out.pem'))).toBe(false);
  });

  test('with another passphrase, of a CA that is not there, and of one whose key is destroyed', async () => {
    const settings = { stateFolder: at('state'), passphrase: new Secret('battery') };
    expect(codeOf(await exported({ settings }))).toBe('wrong-passphrase');
    expect(codeOf(await exported({ name: 'nobody' }))).toBe('unknown-ca');
    const signer = unwrap(await openSigner({ folder: at('state/cas'), passphrase }));
    unwrap(await signer.destroy('old'));
    signer.close();
    expect(codeOf(await exported({}))).toBe('ca-not-held');
    expect(await said()).toHaveLength(1);
    expect(await readdir(folder)).not.toContain('out.pem');
  });
});

function store(): Pick<ExportOptions, 'settings' | 'now'> {
  return { settings: { stateFolder: at('state'), passphrase }, now: () => new Date('2026-06-01T12:00:00Z') };
}

function exported(change: Partial<ExportOptions>): ReturnType<typeof exportCa> {
  return exportCa({ ...store(), name: 'old', out: at('out.pem'), exportPassphrase: undefined, ...change });
}

async function said(): Promise<EntryBody[]> {
  await using journal = unwrap(await openFileJournal(at('state/journal'), { now: () => new Date() }));
  return journal.entries().map(({ body }) => body);
}

function codeOf(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.failure.code;
}

function at(name: string): string {
  return join(folder, name);
}
