import { sealToCoordinator } from '@etcd-rotate/bus';
import { openMemoryJournal } from '@etcd-rotate/journal';
import type { OperatorReply } from '@etcd-rotate/protocol';
import { Secret } from '@etcd-rotate/protocol';
import { aCa, aCluster, aLeaf, fakePorts, start } from '@etcd-rotate/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aStore, type Store, unwrap } from '../../test/a-store.ts';
import { Rotations } from '../rotations.ts';
import { adopt, adoptKey } from './adopt.ts';
import { AdoptionKeys } from './adoption-keys.ts';

let store: Store;
let desk: Parameters<typeof adopt>[0];
let at: number;
beforeEach(async () => {
  at = start.getTime();
  const now = () => new Date(at);
  store = await aStore(now);
  const journal = unwrap(await openMemoryJournal({ now }));
  const ports = { ...(await fakePorts(aCluster('a'))), clock: { now } };
  const fleet = { version: 1, fleet: 'lab', clusters: [] } as const;
  const parts = { fleet: { ...fleet, clusters: [] }, journal, ports, cas: store.signer };
  desk = { parts, rotations: new Rotations(journal), adoptionKeys: new AdoptionKeys(now) };
});
afterEach(() => store[Symbol.asyncDispose]());

interface Change {
  name?: string;
  /** As it was sealed. */
  sealedAs?: string;
  fleet?: string;
  sealedFor?: string;
  certificate?: string;
  key?: Secret;
  asks?: string;
  sends?: string;
  waits?: number;
}

const { known, key: ownKey } = aCa('ca1');

/** ann gives ca1 to the coordinator, but for a change. */
async function given(change: Change = {}): Promise<OperatorReply['outcome']> {
  const {
    certificate = known.pem,
    key = ownKey,
    asks = 'ann',
    sends = 'ann',
    waits = 0,
    name = 'old',
  } = change;
  const { sealedAs = 'old', fleet = 'lab', sealedFor = known.facts.fingerprint } = change;
  const answer = await adoptKey(desk, asks);
  const to = answer.ok && answer.value.type === 'adopt-key' ? answer.value.publicKey : '';
  const sealed = sealToCoordinator(to, key, { fleet, name: sealedAs, fingerprint: sealedFor });
  if (!sealed) throw new Error('not sealed');
  at += waits;
  return adopt(desk, sends, { type: 'ca-adopt', name, certificate, sealed });
}

const said = () => desk.parts.journal.entries().map(({ body }) => body);

test('takes a CA in, and writes down who gave it', async () => {
  expect(await given()).toEqual({ ok: true, value: { type: 'done' } });
  expect(store.signer.list()).toMatchObject([{ name: 'old', key: 'held', facts: known.facts }]);
  const { subject, fingerprint } = known.facts;
  expect(said()).toEqual([
    { type: 'ca-key', did: 'adopted', name: 'old', subject, fingerprint, operator: 'ann' },
  ]);
});

test('a CA is taken in once, and under one name', async () => {
  await given();
  expect(await given()).toMatchObject({
    failures: [{ code: 'exists', message: 'CN=ca1 is held already, as old' }],
  });
  const other = { certificate: aCa('ca2').known.pem, key: aCa('ca2').key };
  const sealedFor = aCa('ca2').known.facts.fingerprint;
  expect(await given({ ...other, sealedFor })).toMatchObject({ failures: [{ code: 'exists' }] });
  expect(said()).toHaveLength(1);
});

test('one that was taken in and could not be written down is written down when it comes again', async () => {
  unwrap(await store.signer.adopt({ name: 'old', certificate: known.pem, key: ownKey }));
  expect(await given()).toMatchObject({ ok: true });
  expect(said()).toMatchObject([{ did: 'adopted', name: 'old' }]);
});

test('a CA whose key was destroyed keeps its name, and can be taken in by another one', async () => {
  await given();
  unwrap(await store.signer.destroy('old'));
  expect(await given()).toMatchObject({ failures: [{ code: 'exists' }] });
  expect(await given({ name: 'again', sealedAs: 'again' })).toMatchObject({ ok: true });
  expect(store.signer.list()).toMatchObject([
    { name: 'again', key: 'held' },
    { name: 'old', key: 'destroyed' },
  ]);
});

describe('refuses, and takes nothing in,', () => {
  afterEach(() => expect([store.signer.list(), said()]).toEqual([[], []]));

  test.each<[string, Change, string]>([
    ['what was sealed for another name', { sealedAs: 'new' }, 'bad-message'],
    ['what was sealed for another fleet', { fleet: 'prod' }, 'bad-message'],
    ['what was sealed for another certificate', { sealedFor: 'f'.repeat(64) }, 'bad-message'],
    ['what another operator asked for', { asks: 'bob' }, 'too-late'],
    ['what was sealed five minutes ago', { waits: 300_000 }, 'too-late'],
    ['the key of another CA', { key: aCa('ca2').key }, 'key-mismatch'],
    ['what is no key', { key: new Secret('hello') }, 'bad-key'],
    ['what is no certificate', { certificate: 'hello' }, 'bad-certificate'],
  ])('%s', async (_, change, code) => {
    expect(await given(change)).toMatchObject({ ok: false, failures: [{ code }] });
  });

  test('a leaf, and an expired CA', async () => {
    const { pem, facts } = aLeaf({ ca: aCa('ca1'), commonName: 'leaf' });
    const leaf = { certificate: pem, sealedFor: facts.fingerprint };
    expect(await given(leaf)).toMatchObject({ failures: [{ code: 'bad-certificate' }] });
    at += 3651 * 86_400_000;
    expect(await given()).toMatchObject({ failures: [{ code: 'certificate-expired' }] });
  });
});

test('a key is good for one use, whether it opened or not', async () => {
  const answer = await adoptKey(desk, 'ann');
  const to = answer.ok && answer.value.type === 'adopt-key' ? answer.value.publicKey : '';
  const about = { fleet: 'lab', name: 'old', fingerprint: known.facts.fingerprint };
  const sealed = sealToCoordinator(to, ownKey, about);
  if (!sealed) throw new Error('not sealed');
  const body = { type: 'ca-adopt', name: 'old', certificate: known.pem } as const;
  const broken = { ...sealed, tag: Buffer.alloc(16).toString('base64') };
  expect(await adopt(desk, 'ann', { ...body, sealed: broken })).toMatchObject({
    failures: [{ code: 'bad-message' }],
  });
  expect(await adopt(desk, 'ann', { ...body, sealed })).toMatchObject({ failures: [{ code: 'too-late' }] });
});

test('who asks for keys in a loop makes nobody wait for memory: sixteen are kept', () => {
  const keys = new AdoptionKeys(() => start);
  const made = Array.from({ length: 20 }, () => keys.make('ann'));
  const there = made.map((key) => keys.take(key, 'ann') !== undefined);
  expect(there).toEqual(made.map((_, index) => index >= 4));
});
