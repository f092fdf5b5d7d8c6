import { createNkey, createSigningKey } from '@etcd-rotate/bus';
import { openMemoryJournal } from '@etcd-rotate/journal';
import { type EntryBody, fail, type JoinRequest, ok } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { Identities } from '../identities/identities.ts';
import { join } from './join.ts';

const start = new Date('2026-11-24T03:00:00.000Z');
const key = (letter: string): string => `${letter.repeat(43)}=`;
const nkey = createNkey();
const ofM1 = createNkey().publicKey;
const own = {
  version: 1,
  fleet: 'lab',
  signingKey: createSigningKey().privateKey,
  publicKey: key('K'),
  nkeySeed: nkey.seed,
  nkey: nkey.publicKey,
  joining: { nkeySeed: nkey.seed, nkey: nkey.publicKey },
  former: [] as string[],
} as const;

async function aDoor(...before: EntryBody[]) {
  let now = start;
  const opened = await openMemoryJournal({ now: () => now });
  if (!opened.ok) throw new Error(opened.failure.message);
  const journal = opened.value;
  for (const body of before) await journal.append(body);
  const known = [{ kind: 'node', name: 'm1', nkey: ofM1, key: key('A') } as const];
  const identities = new Identities({ version: 1, fleet: 'lab', known }, journal);
  const told: string[][] = [];
  const nats = {
    place: 'embedded' as const,
    answers: true,
    tell: async (all: readonly { name: string }[]) => {
      told.push(all.map(({ name }) => name));
      return nats.answers ? ok(undefined) : fail('nats-away', 'it is away', 'wait', true);
    },
    usersOf: () => undefined,
  };
  return {
    nats,
    told,
    later(minutes: number) {
      now = new Date(start.getTime() + minutes * 60_000);
    },
    async join(said: Partial<JoinRequest> = {}) {
      const request: JoinRequest = {
        ...{ v: 1, id: 'j1', fleet: 'lab', node: 'm2', nkey: createNkey().publicKey, publicKey: key('B') },
        ...{ issuedAt: start.toISOString(), expiresAt: start.toISOString(), trusts: own.publicKey },
        ...{ token: key('T'), proof: '' },
        ...said,
      };
      const outcome = await join(request, { identities, journal, nats, own, now: () => now });
      return outcome.ok ? 'in' : outcome.failure.code;
    },
    written: () => journal.entries().flatMap(({ body }) => (body.type === 'joined' ? [body.node] : [])),
  };
}

const invited = (node: string, replaces = false): EntryBody => ({
  type: 'invited',
  node,
  operator: 'ann',
  token: key('T'),
  expiresAt: new Date(start.getTime() + 3_600_000).toISOString(),
  replaces,
});

test('lets a node in whose token is waited for, once that is written down, and tells NATS', async () => {
  const door = await aDoor(invited('m2'));
  expect(await door.join()).toBe('in');
  expect(door.written()).toEqual(['m2']);
  expect(door.told).toEqual([['m1', 'm2']]);
});

test('a token is used up: the same keys are let in again, and no others', async () => {
  const door = await aDoor(invited('m2'));
  const keys = { nkey: createNkey().publicKey, publicKey: key('C') };
  expect(await door.join(keys)).toBe('in');
  expect(await door.join(keys)).toBe('in');
  expect(await door.join({ ...keys, publicKey: key('D') })).toBe('bad-token');
  expect(await door.join({ ...keys, nkey: createNkey().publicKey })).toBe('bad-token');
  expect(door.written()).toEqual(['m2']);
});

test('a token that is not known, or was made for another node, lets nobody in', async () => {
  expect(await (await aDoor()).join()).toBe('bad-token');
  expect(await (await aDoor(invited('m3'))).join()).toBe('bad-token');
  expect(await (await aDoor(invited('m2'))).join({ token: key('U') })).toBe('bad-token');
});

test('a token ends after its hour', async () => {
  const door = await aDoor(invited('m2'));
  door.later(60);
  expect(await door.join()).toBe('bad-token');
  expect(door.written()).toEqual([]);
});

test('a node that has an identity keeps it, unless the token says that it is replaced', async () => {
  expect(await (await aDoor(invited('m1'))).join({ node: 'm1' })).toBe('exists');
  expect(await (await aDoor(invited('m1', true))).join({ node: 'm1' })).toBe('in');
});

test('where NATS could not be told it says so, and the same node asks again', async () => {
  const door = await aDoor(invited('m2'));
  const keys = { nkey: createNkey().publicKey };
  door.nats.answers = false;
  expect(await door.join(keys)).toBe('nats-away');
  door.nats.answers = true;
  expect(await door.join(keys)).toBe('in');
  expect(door.written()).toEqual(['m2']);
});

test("an nkey that is the coordinator's, a joining node's or another node's is refused: NATS would take nobody any more", async () => {
  for (const taken of [nkey.publicKey, ofM1]) {
    const door = await aDoor(invited('m2'));
    expect(await door.join({ nkey: taken })).toBe('not-signed');
    expect(door.written()).toEqual([]);
  }
});
