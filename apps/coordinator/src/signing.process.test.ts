import type { ToSign } from '@etcd-rotate/core';
import {
  generateKey,
  makeCsr,
  nameFrom,
  provePossession,
  readCertificates,
  subjectOf,
  withCommonName,
} from '@etcd-rotate/pki';
import {
  type KnownCertificate,
  type LeafChange,
  type Names,
  type Plan,
  Secret,
  type Slot,
  slots,
} from '@etcd-rotate/protocol';
import { cfsslCa, type OutsideCa, type OutsideOrder, readOutsideChain } from '@etcd-rotate/signer';
import { aCa, aKey, aLeaf, start } from '@etcd-rotate/testing';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aStore, type Store, unwrap } from '../test/a-store.ts';
import { certificates } from './certificates.ts';
import { signing } from './signing.ts';

const holder = 'member/m1';
const none: Names = { dns: [], ip: [] };
const names = { dns: ['m1'], ip: ['127.0.0.1'] };
const presentKey = aKey();
const like: KnownCertificate = aLeaf({ ca: aCa('old'), commonName: 'm1', names, key: presentKey });
const facts = certificates(() => start);

let store: Store;
let key: Secret;
beforeAll(async () => {
  store = await aStore(() => start);
  key = await generateKey('ecdsa-p256');
  const life = { notBefore: start, notAfter: new Date(start.getTime() + 1e11) };
  for (const name of ['one', 'two'])
    unwrap(
      await store.signer.create({ name, subject: { commonName: name }, keyKind: 'ecdsa-p256', ...life }),
    );
});
afterAll(() => store[Symbol.asyncDispose]());

test('signs the names and the common name that the plan wants, and no other', async () => {
  const change = aChange({
    addNames: { dns: ['new'], ip: [] },
    dropNames: { dns: [], ip: ['127.0.0.1'] },
    commonName: 'etcd-1',
  });
  const leafChanges = { [`${holder} server-leaf`]: change };
  const wanted = { dns: ['m1', 'new'], ip: [] };
  const [signed] = unwrap(
    await sign([aLeafToSign('server-leaf', { names: wanted, commonName: 'etcd-1' })], leafChanges),
  );
  expect(signed?.facts).toMatchObject({ commonName: 'etcd-1', names: wanted, issuer: 'CN=one' });

  const dropped = { dns: ['m1', 'new'], ip: ['127.0.0.1'] };
  for (const wrong of [
    aLeafToSign('server-leaf', { names: dropped, commonName: 'etcd-1' }),
    aLeafToSign('server-leaf', { names: wanted }),
  ]) {
    expect(await sign([wrong], leafChanges)).toMatchObject({ failure: { code: 'may-not-sign' } });
  }
});

describe('slots whose requests are for one key', () => {
  test('get one certificate', async () => {
    const signed = unwrap(await sign([aLeafToSign('server-leaf'), aLeafToSign('peer-leaf')], {}));
    expect(signed.map((one) => one.for)).toEqual([{ slot: 'server-leaf' }, { slot: 'peer-leaf' }]);
    expect(signed[0]?.chain).toBe(signed[1]?.chain);
    expect(signed[0]?.facts.usages).toEqual(['serverAuth', 'clientAuth']);
  });

  test('get the names of both, where each request has those of its own', async () => {
    const leafChanges = { [`${holder} peer-leaf`]: aChange({ addNames: { dns: ['more'], ip: [] } }) };
    const more = { ...names, dns: ['m1', 'more'] };
    const signed = unwrap(
      await sign([aLeafToSign('server-leaf'), aLeafToSign('peer-leaf', { names: more })], leafChanges),
    );
    expect(signed.map((one) => one.facts.names)).toEqual([more, more]);
  });

  test('are refused where they shall be of two CAs', async () => {
    const wanted = [aLeafToSign('server-leaf'), { ...aLeafToSign('peer-leaf'), ca: 'two' }];
    expect(await sign(wanted, {})).toMatchObject({
      failure: { code: 'shared-file', message: expect.stringContaining('server-leaf and peer-leaf') },
    });
  });
});

test('behind a leaf of a CA outside goes what is above it, and it is needed for as long as a plan looks ahead', async () => {
  const orders: OutsideOrder[] = [];
  const read = unwrap(readOutsideChain(store.signer.list()[0]?.certificate ?? '', 'one.pem'));
  const outside: OutsideCa = {
    ...cfsslCa({
      ...{
        name: 'outside',
        chain: { ...read, between: [read.issuer] },
        authKey: new Secret('ab'.repeat(16)),
      },
      settings: { url: 'http://127.0.0.1:1', canaryProfile: 'c', authKey: { file: 'unused' } },
    }),
    // Signed by the CA that it stands for, as one with its key elsewhere would.
    issue: async (order) => {
      orders.push(order);
      const like = aLeafToSign('server-leaf');
      const signed = await sign([like], {});
      return signed.ok ? { ok: true, value: signed.value[0]?.chain ?? '' } : signed;
    },
  };
  await using other = await aStore(() => start, { outside: [outside], isUnderWay: () => true });
  const wanted = { ...aLeafToSign('server-leaf'), ca: 'outside' };
  const [signed] = unwrap(await sign([wanted], {}, other.signer));
  expect(orders).toMatchObject([
    { kind: 'leaf', commonName: 'm1', names, usages: ['serverAuth', 'clientAuth'] },
  ]);
  expect(unwrap(readCertificates(signed?.chain ?? '')).map((one) => one.facts.subject)).toEqual([
    'CN=m1',
    'CN=one',
  ]);

  // A canary of it is for minutes, which this one is not.
  expect(await sign([{ ...aCanary('peer', names), ca: 'outside' }], {}, other.signer)).toMatchObject({
    failure: { code: 'outside-signer', message: expect.stringMatching(/a canary of it is valid until/) },
  });
  expect(orders[1]).toMatchObject({ kind: 'canary' });
});

test('slots with keys of their own get certificates of their own', async () => {
  const other = await generateKey('ecdsa-p256');
  const signed = unwrap(
    await sign([aLeafToSign('server-leaf'), aLeafToSign('peer-leaf', { key: other })], {}),
  );
  expect(signed[0]?.chain).not.toBe(signed[1]?.chain);
});

test('nothing is signed like a leaf whose key was not shown, for a canary of a peer port neither', async () => {
  const leaf = aLeafToSign('server-leaf');
  const canary = aCanary('peer', names);
  const others = aLeafToSign('server-leaf', { key: await generateKey('ecdsa-p256') });
  for (const wrong of [
    { ...leaf, proof: '' },
    { ...leaf, proof: others.proof },
    { ...leaf, proof: provePossession(leaf.csr, key) },
    { ...canary, proof: '' },
    { ...aCanary('client', none), proof: '' },
    { ...canary, proof: provePossession(canary.csr, key) },
  ])
    expect(await sign([wrong], {})).toMatchObject({
      failure: {
        code: 'may-not-sign',
        message: expect.stringContaining('has not shown that it has the key'),
      },
    });
  expect(await sign([leaf, canary], {})).toMatchObject({ ok: true });
});

describe('a canary', () => {
  test('has no name, and on the peer port those of the member', async () => {
    const [client] = unwrap(await sign([aCanary('client', none)], {}));
    expect(client?.facts).toMatchObject({
      names: none,
      commonName: 'etcd-rotate-canary',
      usages: ['clientAuth'],
    });
    const [peer] = unwrap(await sign([aCanary('peer', names)], {}));
    expect(peer?.facts).toMatchObject({ names, commonName: 'm1' });
  });

  test.each([
    ['client.example', { dns: ['client.example'], ip: [] }],
    ['10.0.0.9', { dns: [], ip: ['10.0.0.9'] }],
  ])(
    'may have the name %s where the port lets in nobody else, and no other',
    async (allowedHostname, wanted) => {
      const [signed] = unwrap(await sign([{ ...aCanary('client', wanted), allowedHostname }], {}));
      expect(signed?.facts.names).toEqual(wanted);
      const refused = { failure: { code: 'may-not-sign' } };
      expect(await sign([aCanary('client', wanted)], {})).toMatchObject(refused);
      const other = { ...aCanary('client', { dns: ['m1'], ip: [] }), allowedHostname };
      expect(await sign([other], {})).toMatchObject(refused);
    },
  );
});

function sign(wanted: ToSign[], leafChanges: Plan['leafChanges'], by = store.signer) {
  const profile = { ca: { validity: 1e11 }, leaf: { validity: 1e9 } };
  // Of a plan only this is looked at.
  const policy = { startTimeout: 30_000, horizon: 3_600_000 };
  const plan = { leafChanges, profile, policy } as Plan;
  const signer = signing(by, facts, () => start);
  return signer.sign({ type: 'sign', step: 's', rotation: 'r', plan, certificates: wanted });
}

function aLeafToSign(slot: Slot, wish: { names?: Names; commonName?: string; key?: Secret } = {}): ToSign {
  if (slots[slot].holds !== 'leaf') throw new Error(`${slot} holds no leaf`);
  const [present] = facts.read(like);
  if (!present) throw new Error('the leaf cannot be read');
  const subject = withCommonName(subjectOf(present), wish.commonName ?? 'm1');
  const csr = makeCsr({ key: wish.key ?? key, subject, names: wish.names ?? names });
  return { holder, for: { slot }, ca: 'one', csr, like, proof: provePossession(csr, presentKey) };
}

function aCanary(domain: 'client' | 'peer', asked: Names): ToSign {
  const subject = nameFrom({ commonName: domain === 'client' ? 'etcd-rotate-canary' : 'm1' });
  const csr = makeCsr({ key, subject, names: asked });
  const proof = provePossession(csr, presentKey);
  return { holder, for: { canary: domain }, ca: 'one', csr, like, proof };
}

function aChange(change: Partial<LeafChange>): LeafChange {
  return { addNames: none, dropNames: none, ...change };
}
