import { planTowards, provePlan, worldFrom } from '@etcd-rotate/core';
import { generateKey, makeCa } from '@etcd-rotate/pki';
import {
  type HolderObservation,
  type NodeObservation,
  type Plan,
  type RotationRequest,
  Secret,
} from '@etcd-rotate/protocol';
import { cfsslCa, type OutsideCa, readOutsideChain } from '@etcd-rotate/signer';
import {
  aCa,
  aClient,
  aCluster,
  amend,
  aRequest,
  type Cluster,
  start,
  withCas,
  withProfile,
} from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { aStore, unwrap } from '../test/a-store.ts';
import { certificates, hash } from './certificates.ts';
import { standInMaker } from './stand-ins.ts';

const day = 86_400_000;
const newCa = { role: 'new', name: 'new-client-ca' } as const;

test('a plan is proven with CAs and leaves of the profile', async () => {
  const profile = { ca: { key: 'rsa-2048', validity: '100d' }, leaf: { validity: '20d' } };
  await using desk = await aDesk(
    aCluster('a', 'b', 'c', aClient('app'), withCas('x', 'y'), withProfile(profile)),
  );
  const { plan, observations } = desk.plan();
  const standIns = await desk.make(plan, observations);
  expect(standIns.ca(newCa).facts).toMatchObject({ keyKind: 'rsa-2048', notAfter: desk.in(100) });
  const [leaf] = standIns.leaf('member/a', 'server-leaf', newCa);
  expect(leaf?.facts).toMatchObject({
    subject: 'CN=a',
    names: { dns: ['a.example'], ip: ['127.0.0.1'] },
    usages: ['serverAuth', 'clientAuth'],
    notAfter: desk.in(20),
  });
  expect(desk.prove(plan, observations, standIns)).toEqual([]);
});

test('a leaf ends where its CA ends', async () => {
  const profile = { ca: { validity: '10d' }, leaf: { validity: '20d' } };
  await using desk = await aDesk(aCluster('a', 'b', 'c', withCas('x', 'y'), withProfile(profile)));
  const { plan, observations } = desk.plan();
  const standIns = await desk.make(plan, observations);
  expect(standIns.leaf('member/a', 'server-leaf', newCa)[0]?.facts.notAfter).toBe(desk.in(10));
});

test('a leaf says what the plan changes', async () => {
  await using desk = await aDesk(aCluster('a', 'b', 'c', withCas('x', 'y')));
  const { plan, observations } = desk.plan();
  const addNames = { dns: ['new.example'], ip: [] };
  const dropNames = { dns: [], ip: ['127.0.0.1'] };
  const change = { addNames, dropNames, commonName: 'etcd-a' };
  const changed = { ...plan, leafChanges: { 'member/a server-leaf': change } };
  const standIns = await desk.make(changed, observations);
  expect(standIns.leaf('member/a', 'server-leaf', newCa)[0]?.facts).toMatchObject({
    subject: 'CN=etcd-a',
    names: { dns: ['a.example', 'new.example'], ip: [] },
  });
  expect(standIns.leaf('member/b', 'server-leaf', newCa)[0]?.facts.subject).toBe('CN=b');
});

test('slots that are one file get one leaf, and others each their own', async () => {
  await using desk = await aDesk(aCluster('a', 'b', 'c', withCas('x')));
  const { plan, observations } = desk.plan();
  const shared = amend(observations, 'member/a', oneLeafFile);
  const ca = { role: 'new', name: 'new-ca' } as const;
  const change = { addNames: { dns: ['both.example'], ip: [] }, dropNames: { dns: [], ip: [] } };
  const standIns = await desk.make({ ...plan, leafChanges: { 'member/a peer-leaf': change } }, shared);
  const [server] = standIns.leaf('member/a', 'server-leaf', ca);
  expect(server?.facts.names.dns).toEqual(['a.example', 'both.example']);
  expect(standIns.leaf('member/a', 'peer-leaf', ca)[0]).toBe(server);
});

test('a CA that is held signs for its own leaves', async () => {
  await using desk = await aDesk(aCluster('a', 'b', 'c', withCas('x', 'y')));
  await desk.hold('kept');
  const { plan, observations } = desk.plan({ targets: { client: 'kept', peer: 'kept' } });
  const standIns = await desk.make(plan, observations);
  const target = plan.domains.client?.target;
  if (target?.role !== 'held') throw new Error('the plan does not end on the CA that is held');
  expect(standIns.leaf('member/a', 'peer-leaf', target)[0]?.facts.issuer).toBe('CN=kept');
  expect(desk.prove(plan, observations, standIns)).toEqual([]);
});

describe('a CA whose key is outside', () => {
  test('is asked for nothing, and its plan is proven with its own certificate', async () => {
    const corp = await anOutsideCa('corp', 1000);
    await using desk = await aDesk(aCluster('a', 'b', 'c', withCas('x', 'y')), [corp]);
    const { plan, observations } = desk.plan({ targets: { client: 'corp', peer: 'corp' } });
    const standIns = await desk.make(plan, observations);
    const target = plan.domains.client?.target;
    if (target?.role !== 'held') throw new Error('the plan does not end on the CA outside');
    expect(standIns.ca(target).facts).toEqual(corp.root.facts);
    const [leaf] = standIns.leaf('member/a', 'server-leaf', target);
    expect(leaf?.facts).toMatchObject({ issuer: 'CN=corp', authorityKeyId: corp.root.facts.subjectKeyId });
    expect(desk.prove(plan, observations, standIns)).toEqual([]);
    // Only its signature is supposed: to whoever checks that, it is nobody's.
    const [read] = leaf ? certificates(desk.cluster.clock.now).read(leaf) : [];
    expect(read?.x509.verify(corp.issuer.x509.publicKey)).toBe(false);
  });

  test('that ends too soon proves nothing', async () => {
    const corp = await anOutsideCa('corp', 1 / 48);
    await using desk = await aDesk(aCluster('a', 'b', 'c', withCas('x', 'y')), [corp]);
    const { plan, observations } = desk.plan({ targets: { client: 'corp', peer: 'corp' } });
    expect(desk.prove(plan, observations, await desk.make(plan, observations))).not.toEqual([]);
  });

  test('may be the one that the leaves are of, which are renewed', async () => {
    const cluster = aCluster('a', 'b', 'c', aClient('app'), withCas('x', 'y'));
    const { pem } = aCa('x').known;
    const corp = { ...(await anOutsideCa('corp', 1000)), ...unwrap(readOutsideChain(pem, 'x.pem')) };
    await using desk = await aDesk(cluster, [corp]);
    const { plan, observations } = desk.plan({ strategy: 'renew', domains: ['client'], leaves: 'all' });
    const standIns = await desk.make(plan, observations);
    const target = plan.domains.client?.target;
    if (target?.role !== 'held') throw new Error('the plan does not stay on the CA outside');
    expect(standIns.leaf('client/app', 'client-leaf', target)).toHaveLength(1);
    expect(desk.prove(plan, observations, standIns)).toEqual([]);
  });
});

test('what was made is used again while it lasts', async () => {
  const profile = { leaf: { validity: '2h' } };
  await using desk = await aDesk(aCluster('a', 'b', 'c', withCas('x', 'y'), withProfile(profile)));
  const { plan, observations } = desk.plan();
  const print = async (): Promise<string | undefined> =>
    (await desk.make(plan, observations)).leaf('member/a', 'server-leaf', newCa)[0]?.facts.fingerprint;
  const first = await print();
  desk.cluster.clock.pass(3_000_000);
  expect(await print()).toBe(first);
  // From here on it would end within the hour that a plan looks ahead.
  desk.cluster.clock.pass(700_000);
  expect(await print()).not.toBe(first);
});

test('a slot of which nothing was seen stays empty, and the proof says that nobody would accept it', async () => {
  await using desk = await aDesk(aCluster('a', 'b', 'c', withCas('x', 'y')));
  const { plan, observations } = desk.plan();
  const without = amend(observations, 'member/a', (seen) => ({ ...seen, slots: {} }));
  const standIns = await desk.make(plan, without);
  expect(standIns.leaf('member/a', 'server-leaf', newCa)).toEqual([]);
  expect(desk.prove(plan, observations, standIns)).not.toEqual([]);
});

/** One that must not be asked. */
async function anOutsideCa(name: string, days: number): Promise<OutsideCa> {
  const life = {
    notBefore: new Date(start.getTime() - day),
    notAfter: new Date(start.getTime() + days * day),
  };
  const key = await generateKey('ecdsa-p384');
  const chain = readOutsideChain(makeCa({ subject: { commonName: name }, key, ...life }).pem, `${name}.pem`);
  const authKey = new Secret('ab'.repeat(16));
  const settings = { url: 'http://127.0.0.1:1', canaryProfile: 'c', authKey: { file: 'unused' } };
  return {
    ...cfsslCa({ name, chain: unwrap(chain), settings, authKey }),
    issue: () => Promise.reject(new Error('a dry run has asked for a leaf')),
  };
}

/** What plans are made at: a cluster, a store of CAs, and the clock of both. */
async function aDesk(cluster: Cluster, outside: OutsideCa[] = []) {
  const { now } = cluster.clock;
  const store = await aStore(now, { outside });
  const facts = certificates(now);
  const judge = { verify: facts.verify, covers: facts.covers, aheadMs: 3_600_000 };
  const startedAt = now().getTime();
  const make = standInMaker(store.signer, facts, now);
  return {
    cluster,
    make,
    in: (days: number) => new Date(startedAt + days * day).toISOString(),
    plan(wish: Partial<RotationRequest> = {}): { plan: Plan; observations: NodeObservation[] } {
      const observations = cluster.observations();
      const held = new Map(
        store.signer.list().map(({ name, certificate, facts }) => [name, { pem: certificate, facts }]),
      );
      const about = { fleet: 'lab', cluster: cluster.fleet, request: aRequest(wish), observations, held };
      const given = { warnings: [], times: undefined, now: now().toISOString(), verify: facts.verify, hash };
      return { plan: unwrap(planTowards({ ...about, ...given })), observations };
    },
    prove(plan: Plan, observations: NodeObservation[], standIns: Awaited<ReturnType<typeof make>>): string[] {
      return provePlan(plan, worldFrom(observations), standIns, judge).flatMap(({ strangers }) => strangers);
    },
    async hold(name: string): Promise<void> {
      const life = { notBefore: now(), notAfter: new Date(startedAt + 1000 * day) };
      unwrap(
        await store.signer.create({ name, subject: { commonName: name }, keyKind: 'ecdsa-p256', ...life }),
      );
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

/** As kubespray has it: one pair for both ports. */
function oneLeafFile(seen: HolderObservation): HolderObservation {
  const server = seen.slots['server-leaf'];
  return server ? { ...seen, slots: { ...seen.slots, 'peer-leaf': server } } : seen;
}
