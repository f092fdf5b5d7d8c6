// What coordinators share beside the journal, on a real nats-server: CA keys, and what proves that they have the same files.

import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Secret } from '@etcd-rotate/protocol';
import { type CaFiles, caFilesIn, openSigner, type Signer } from '@etcd-rotate/signer';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { casToBring, sharedCas } from '../apps/coordinator/src/lead/shared-cas.ts';
import { sameFiles, shareFiles } from '../apps/coordinator/src/lead/shared-files.ts';
import type { NatsServer, SharedStore } from '../packages/bus/src/index.ts';
import { aNats, type Nats, value } from '../packages/bus/src/nats.fixture.ts';

const passphrase = new Secret('a passphrase');
let nats: Nats;
let server: NatsServer;
let store: SharedStore;

beforeAll(async () => {
  nats = await aNats({ jetStream: true });
  server = value(await nats.start());
  store = await nats.store();
});

afterAll(async () => {
  await store[Symbol.asyncDispose]();
  await server[Symbol.asyncDispose]();
  nats[Symbol.dispose]();
});

test('a CA that is made is in the store when it is said to be made, and opens for whoever has the passphrase', async () => {
  using leader = await opened(sharedCas(store.shared));
  await create(leader, 'ca1');
  await using other = await nats.store();
  using standby = await opened(sharedCas(other.shared));
  expect(standby.list().map(({ name }) => name)).toEqual(['ca1']);
  expect(standby.list()).toEqual(leader.list());
});

test('it does not open with another passphrase', async () => {
  const files = sharedCas(store.shared);
  expect(await openSigner({ folder: files, passphrase: new Secret('another one') })).toMatchObject({
    ok: false,
    failure: { code: 'wrong-passphrase' },
  });
});

test('of two who make a CA of one name at once, one does', async () => {
  await using other = await nats.store();
  using a = await opened(sharedCas(store.shared));
  using b = await opened(sharedCas(other.shared));
  const made = await Promise.all([create(a, 'ca2'), create(b, 'ca2')]);
  expect(made.filter(({ ok }) => ok)).toHaveLength(1);
  expect(made.find(({ ok }) => !ok)).toMatchObject({ failure: { code: 'exists' } });
});

test('keys are sealed where they lie', async () => {
  const texts = await Promise.all(['ca.ca1', 'ca.ca2', 'ca.kdf'].map((key) => store.shared.get(key)));
  for (const text of texts) expect(value(text).value).toMatch(/aes-256-gcm/);
  for (const text of texts) expect(value(text).value).not.toContain('PRIVATE KEY');
});

test('a CA without an answer is there once, when nats-server was killed meanwhile', async () => {
  using leader = await opened(sharedCas(store.shared));
  process.kill(server.pid, 'SIGKILL');
  expect(await create(leader, 'ca3')).toMatchObject({ ok: true });
  using again = await opened(sharedCas(store.shared));
  expect(again.list().map(({ name }) => name)).toContain('ca3');
});

test('CAs of one who led alone are brought along, and those of another folder are refused', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-rotate-cas-'));
  try {
    const local = caFilesIn(folder);
    using alone = await opened(local);
    await create(alone, 'old');
    // This store was begun with another key.
    expect(await casToBring(local, sharedCas(store.shared))).toMatchObject({
      ok: false,
      failure: { code: 'standby-differs' },
    });
    await using fresh = await aNatsOfItsOwn();
    const shared = sharedCas(fresh.store.shared);
    const bring = value(await casToBring(local, shared));
    expect(bring.map(({ name }) => name)).toEqual(['kdf.json', 'old.json']);
    for (const { name, text } of bring) value(await shared.writeNew(name, text));
    using leader = await opened(shared);
    expect(leader.list()).toEqual(alone.list());
    expect(value(await casToBring(local, shared))).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a key that is destroyed is gone from the store and from the folder that it came from, and stays so', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-rotate-cas-'));
  try {
    await using fresh = await aNatsOfItsOwn();
    const local = caFilesIn(folder);
    let leads = true;
    const shared = sharedCas(fresh.store.shared, { local, holds: () => leads });
    {
      using alone = await opened(local);
      await create(alone, 'old');
      for (const { name, text } of value(await casToBring(local, shared)))
        value(await shared.writeNew(name, text));
    }
    const before = value(await fresh.store.shared.get('ca.old'));
    leads = false;
    {
      using late = await opened(shared);
      expect(await late.destroy('old')).toMatchObject({ failure: { code: 'not-leading' } });
    }
    expect(value(await fresh.store.shared.get('ca.old'))).toEqual(before);
    leads = true;
    const sealed = JSON.parse(before.value ?? '').key.wrapped.data;
    using leader = await opened(shared);
    for (let times = 0; times < 2; times += 1) value(await leader.destroy('old', 'ann'));
    const after = value(await fresh.store.shared.get('ca.old'));
    // Put once, however often it is asked for.
    expect(after.revision).toBe(before.revision + 1);
    expect(after.value).not.toContain(sealed);
    expect(readFileSync(join(folder, 'old.json'), 'utf8')).not.toContain(sealed);
    // Neither is brought back by who led alone, nor opened by who stands by.
    expect(value(await casToBring(local, shared))).toEqual([]);
    using standby = await opened(sharedCas(fresh.store.shared));
    expect(standby.list()).toMatchObject([{ name: 'old', key: 'destroyed', destroyedBy: 'ann' }]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('a key is destroyed once, when nats-server was killed meanwhile', async () => {
  const local = caFilesIn(join(nats.folder, 'cas'));
  using leader = await opened(sharedCas(store.shared, { local, holds: () => true }));
  process.kill(server.pid, 'SIGKILL');
  expect(await leader.destroy('ca3')).toMatchObject({ ok: true });
  using again = await opened(sharedCas(store.shared));
  expect(again.list().find(({ name }) => name === 'ca3')).toMatchObject({ key: 'destroyed' });
});

test('files are the same until an operator says that others are the right ones', async () => {
  const { shared } = store;
  const ours = { identity: 'a'.repeat(64), fleet: 'b'.repeat(64) };
  const others = { ...ours, fleet: 'c'.repeat(64) };
  const by = { by: 'c1', at: '2026-11-24T03:00:00.000Z' };
  expect((await sameFiles(shared, ours)).ok).toBe(true);
  expect(value(await shareFiles(shared, { ...ours, ...by }, 'missing')).revision).toBe(1);
  expect((await sameFiles(shared, ours)).ok).toBe(true);
  expect(await sameFiles(shared, others)).toMatchObject({
    ok: false,
    failure: { code: 'standby-differs', message: expect.stringMatching(/the fleet file .*revision 1/) },
  });
  expect(value(await shareFiles(shared, { ...others, ...by }, 'missing')).revision).toBe(1);
  expect(value(await shareFiles(shared, { ...others, ...by }, 'always')).revision).toBe(2);
  expect([(await sameFiles(shared, ours)).ok, (await sameFiles(shared, others)).ok]).toEqual([false, true]);
});

async function opened(folder: CaFiles): Promise<Signer> {
  return value(await openSigner({ folder, passphrase }));
}

function create(signer: Signer, name: string): ReturnType<Signer['create']> {
  return signer.create({
    name,
    subject: { commonName: name },
    keyKind: 'ecdsa-p256',
    notBefore: new Date('2026-11-24T03:00:00.000Z'),
    notAfter: new Date('2027-11-24T03:00:00.000Z'),
  });
}

async function aNatsOfItsOwn(): Promise<AsyncDisposable & { store: SharedStore }> {
  const own = await aNats({ jetStream: true });
  const running = value(await own.start());
  const shared = await own.store();
  return {
    store: shared,
    async [Symbol.asyncDispose]() {
      await shared[Symbol.asyncDispose]();
      await running[Symbol.asyncDispose]();
      own[Symbol.dispose]();
    },
  };
}
