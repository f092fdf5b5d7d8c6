import { afterAll, beforeAll, expect, test } from 'vitest';
import type { NatsServer } from '../embedded-server.ts';
import { fleet } from '../messages.fixture.ts';
import { aNats, type Nats, value } from '../nats.fixture.ts';
import { coordinatorInbox } from '../server-config.ts';
import { connectStore } from './connect-store.ts';

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

test('a node gets at nothing of it', async () => {
  await expect(nats.store({ person: 'n1' })).rejects.toThrow(/nats-refused: .*\$JS\.API\.STREAM\.INFO/);
});
