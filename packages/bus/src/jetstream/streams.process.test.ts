import { afterAll, beforeAll, expect, test } from 'vitest';
import { connectNats } from '../connect.ts';
import type { NatsServer } from '../embedded-server.ts';
import { fleet } from '../messages.fixture.ts';
import { aNats, type Nats, value } from '../nats.fixture.ts';
import { coordinatorInbox } from '../server-config.ts';
import { createSigningKey } from '../signing.ts';
import { connectStore, type StoreOptions } from './connect-store.ts';
import { streamsOf } from './streams.ts';

let nats: Nats;
let server: NatsServer;
beforeAll(async () => {
  nats = await aNats({ jetStream: true });
  server = value(await nats.start());
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  nats[Symbol.dispose]();
});

test('a value is replaced only by whoever knows what he replaces', async () => {
  await using store = await nats.store();
  const { shared } = store;
  const first = await shared.put('ca.x', 'one', 0);
  expect(first).toMatchObject({ type: 'written' });
  expect(await shared.put('ca.x', 'two', 0)).toEqual({ type: 'passed' });
  const there = value(await shared.get('ca.x'));
  expect(there.value).toBe('one');
  expect(await shared.put('ca.x', 'three', there.revision)).toMatchObject({ type: 'written' });
  expect(await shared.put('ca.x', 'four', there.revision)).toEqual({ type: 'passed' });
  expect(value(await shared.keys())).toEqual(['ca.x']);
});

test('a value that was taken away is not there, and can be put again by whoever saw that', async () => {
  await using store = await nats.store();
  const { shared } = store;
  await shared.put('files', 'one');
  await shared.put('files', undefined);
  const gone = value(await shared.get('files'));
  expect(gone.value).toBeUndefined();
  expect(await shared.put('files', 'two', 0)).toEqual({ type: 'passed' });
  expect(await shared.put('files', 'two', gone.revision)).toMatchObject({ type: 'written' });
});

test('what a coordinator says of itself is forgotten when it is not said again', async () => {
  await using store = await nats.store();
  await store.coordinators.put('coordinator.a', 'here');
  expect(value(await store.coordinators.get('coordinator.a')).value).toBe('here');
  const end = performance.now() + 20_000;
  while (value(await store.coordinators.get('coordinator.a')).value !== undefined) {
    if (performance.now() > end) throw new Error('it is still there after 20 s');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
});

test('streams that were made for another lease are refused, by name', async () => {
  await using _store = await nats.store();
  const { privateKey: signingKey, publicKey } = nats.keys.coordinator;
  const other = await connectStore({
    servers: [`tls://${nats.listen}`],
    ca: nats.ca,
    nkeySeed: nats.nkeySeeds.coordinator,
    name: 'another',
    inboxPrefix: coordinatorInbox,
    onEvent: () => undefined,
    fleet,
    replicas: 1,
    leaseMs: 9_000,
    signingKey,
    publicKey,
  });
  expect(other).toMatchObject({ ok: false, failure: { code: 'nats-unsafe' } });
  if (!other.ok) expect(other.failure.message).toMatch(/coordinators.* keeps entries for 5 s, not for 9 s/);
});

test('of a value that was replaced nothing can be read any more', async () => {
  await using store = await nats.store();
  const before = await store.shared.put('ca.gone', 'what was sealed');
  await store.shared.put('ca.gone', 'what is left');
  await using raw = await rawConnection(nats);
  const seq = before.type === 'written' ? before.revision : 0;
  const old = (await raw.manager()).streams.getMessage(streamsOf(fleet).shared.name, { seq });
  await expect(old).rejects.toThrow(/no message found/);
});

test('a bucket that keeps what was in it before is refused: a destroyed key would be there still', async () => {
  using other = await aNats({ jetStream: true });
  await using _running = value(await other.start());
  {
    await using raw = await rawConnection(other);
    const { name, subjects } = streamsOf(fleet).shared;
    const manager = await raw.manager();
    await manager.streams.add({ name, subjects: [`${subjects}.>`], max_msgs_per_subject: 5 });
  }
  await expect(other.store()).rejects.toThrow(/nats-unsafe: .*_shared keeps 5 entries of a subject/);
});

test('a node gets at nothing of it', async () => {
  await expect(nats.store({ person: 'n1' })).rejects.toThrow(/nats-refused: .*\$JS\.API\.STREAM\.INFO/);
});

/** As the coordinator, in the words of NATS. */
async function rawConnection({ listen, ca, nkeySeeds }: Nats) {
  const connected = await connectNats({
    servers: [`tls://${listen}`],
    ca,
    nkeySeed: nkeySeeds.coordinator,
    name: 'raw',
    inboxPrefix: coordinatorInbox,
    onEvent: () => undefined,
  });
  const connection = value(connected);
  return {
    manager: () => connection.jetstreamManager({ checkAPI: false }),
    [Symbol.asyncDispose]: () => connection.close(),
  };
}

test('a journal that was begun with an earlier signing key is read, and that key writes into it no more', async () => {
  using other = await aNats({ jetStream: true });
  await using _server = value(await other.start());
  const before = createSigningKey();
  const { privateKey: signingKey, publicKey } = other.keys.coordinator;
  const as = async (keys: Pick<StoreOptions, 'signingKey' | 'publicKey' | 'formerKeys'>) =>
    value(
      await connectStore({
        ...{ servers: [`tls://${other.listen}`], ca: other.ca, nkeySeed: other.nkeySeeds.coordinator },
        ...{ name: 'one', inboxPrefix: coordinatorInbox, onEvent: () => undefined },
        ...{ fleet, replicas: 1, leaseMs: 5_000, ...keys },
      }),
    );
  const line = (text: string): Uint8Array => new TextEncoder().encode(text);
  await using old = await as({ signingKey: before.privateKey, publicKey: before.publicKey });
  expect(await old.journal.append(line('one'), 0)).toMatchObject({ type: 'appended' });
  await using present = await as({ signingKey, publicKey, formerKeys: [before.publicKey] });
  expect(await present.journal.append(line('two'), 1)).toMatchObject({ type: 'appended' });
  expect(value(await present.journal.all()).map(({ data }) => new TextDecoder().decode(data))).toEqual([
    'one',
    'two',
  ]);

  await using stranger = await as({ signingKey, publicKey });
  expect(await stranger.journal.all()).toMatchObject({ ok: false, failure: { code: 'journal-broken' } });
  expect(await old.journal.append(line('three'), 2)).toMatchObject({ type: 'appended' });
  expect(await present.journal.all()).toMatchObject({
    failure: {
      code: 'journal-broken',
      message: expect.stringContaining('block 3 signed with a key that was replaced'),
    },
  });
});
