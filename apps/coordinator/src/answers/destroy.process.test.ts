import { type Entry, type EntryBody, fail, type Result } from '@etcd-rotate/protocol';
import {
  aCa,
  aCluster,
  aRequest,
  fakePorts,
  type Part,
  startRotation,
  withCas,
  withPolicy,
} from '@etcd-rotate/testing';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { aStore, type Store, unwrap } from '../../test/a-store.ts';
import { nobodyElse } from '../../test/nobody-else.ts';
import { listCas } from './cas.ts';
import { Desk } from './desk.ts';
import { destroy, recordDestroyed } from './destroy.ts';
import { plan, start } from './start.ts';

const day = 86_400_000;

let store: Store;
beforeEach(async () => {
  store = await aStore(() => new Date('2026-06-01T12:00:00Z'));
});
afterEach(() => store[Symbol.asyncDispose]());

/** A cluster on ca1 and a coordinator that holds that CA as `old`, and another one as `other`. */
async function aDesk(...parts: Part[]) {
  const cluster = aCluster('a', 'b', 'c', withCas('ca1'), ...parts);
  const ports = await fakePorts(cluster);
  for (const [name, ca] of [['old', 'ca1'] as const, ['other', 'ca9'] as const])
    unwrap(await store.signer.adopt({ name, certificate: aCa(ca).known.pem, key: aCa(ca).key }));
  let broken = false;
  const append = async (body: EntryBody): Promise<Result<Entry>> =>
    broken ? fail('journal-not-written', 'the disk is full', 'make room') : ports.journal.append(body);
  const journal = { ...ports.journal, append };
  const desk = new Desk({
    fleet: { version: 1, fleet: 'lab', clusters: [cluster.fleet] },
    journal,
    ports,
    ...nobodyElse(journal),
    cas: store.signer,
    lead: async () => ({ ok: true, value: undefined }),
    onFatal: (failure) => {
      throw new Error(failure.message);
    },
    onPlan: () => undefined,
    log: { info: () => undefined, error: () => undefined },
    coordinators: () => [],
  });
  return {
    desk,
    journal,
    cluster,
    ports,
    agents: ports.agents,
    breakJournal: (is: boolean) => {
      broken = is;
    },
    /** A rotation to a new CA, to its end. */
    async rotate() {
      await startRotation(cluster, ports);
      desk.loops.run('r1');
      while (desk.loops.isRunningIn('main')) await new Promise((resolve) => setImmediate(resolve));
      expect(desk.rotations.get('r1')?.state).toMatchObject({ outcome: 'rotated' });
    },
    destroy: (name = 'old') => destroy(desk, 'ann', { type: 'ca-destroy', name }),
    said: () => ports.journal.entries().flatMap(({ body }) => (body.type === 'ca-key' ? [body] : [])),
    listed: async (name: string) => {
      const answer = await listCas(desk);
      const cas = answer.ok && answer.value.type === 'cas' ? answer.value.cas : [];
      return cas.find((one) => one.name === name);
    },
  };
}

const inUse = (message: RegExp) => ({
  ok: false,
  failures: [{ code: 'ca-in-use', message: expect.stringMatching(message) }],
});
const keyOf = (name: string) => store.signer.list().find((ca) => ca.name === name)?.key;

test('after its grace, and writes down who wanted it once it is gone', async () => {
  const { rotate, destroy, said, listed, cluster } = await aDesk();
  await rotate();
  const ended = cluster.clock.now();
  expect(await destroy()).toMatchObject(
    inUse(/^old: its key is kept until .* the grace of main after rotation r1$/),
  );
  expect(await listed('old')).toMatchObject({
    ...{ issues: [], key: 'held', replacedAt: expect.any(String) },
    mayBeDestroyedFrom: new Date(ended.getTime() + 7 * day).toISOString(),
  });
  cluster.clock.pass(7 * day);
  expect(await destroy()).toEqual({ ok: true, value: { type: 'done' } });
  expect(keyOf('old')).toBe('destroyed');
  const { subject, fingerprint } = aCa('ca1').known.facts;
  const entry = { type: 'ca-key', did: 'destroyed', name: 'old', subject, fingerprint, operator: 'ann' };
  expect(said()).toEqual([entry]);
  expect(await destroy()).toMatchObject({ ok: true });
  expect(said()).toEqual([entry]);
  expect(await listed('old')).toMatchObject({ key: 'destroyed' });
  expect(await listed('old')).not.toHaveProperty('mayBeDestroyedFrom');
});

test('at once where the policy has no grace, and where no rotation ever had it and no node has', async () => {
  const { rotate, destroy } = await aDesk(withPolicy({ grace: '0s' }));
  await rotate();
  expect(await destroy()).toMatchObject({ ok: true });
  expect(await destroy('other')).toMatchObject({ ok: true });
});

describe('refuses, and destroys nothing,', () => {
  afterEach(() => expect([keyOf('old'), keyOf('other')]).toEqual(['held', 'held']));

  test('the CA of a cluster that was never rotated, as its nodes see it', async () => {
    const { destroy, said } = await aDesk();
    expect(await destroy()).toMatchObject(
      inUse(/main may still need it: member\/a .* server-leaf was issued by it/),
    );
    expect(said()).toEqual([]);
  });

  test('what a rotation that is not finished leaves, and what it ends on', async () => {
    const { ports, destroy, cluster } = await aDesk();
    await startRotation(cluster, ports);
    expect(await destroy()).toMatchObject(
      inUse(/rotation r1 of main needs it, which is not finished \(running\)/),
    );
  });

  test('the issuer of what the last rotation left, without asking a node', async () => {
    const { rotate, desk, cluster, agents, listed } = await aDesk(withPolicy({ grace: '0s' }));
    await rotate();
    const made = Object.values(desk.rotations.get('r1')?.cas ?? {})[0];
    const { key } = aCa(made?.name ?? '');
    unwrap(await store.signer.adopt({ name: 'new', certificate: made?.certificate.pem ?? '', key }));
    expect(await listed('new')).toMatchObject({
      issues: [{ cluster: 'main', domain: 'client' }, { domain: 'peer' }],
    });
    for (const node of cluster.nodes) agents.cutOff(node);
    const answer = await destroy(desk, 'ann', { type: 'ca-destroy', name: 'new' });
    expect(answer).toMatchObject({
      failures: ['client', 'peer'].map((domain) => ({
        message: expect.stringContaining(`of main, domain ${domain}`),
      })),
    });
  });

  test('while a node does not answer', async () => {
    const { rotate, destroy, agents } = await aDesk(withPolicy({ grace: '0s' }));
    await rotate();
    agents.cutOff('node-b');
    expect(await destroy()).toMatchObject(inUse(/main may still need it: .*node-b/));
    agents.reconnect('node-b');
  });

  test('while a request that begins something is answered', async () => {
    const { rotate, destroy, desk } = await aDesk(withPolicy({ grace: '0s' }));
    await rotate();
    const held = desk.alone('main', async () => await destroy());
    expect(await held).toMatchObject({ failures: [{ code: 'rotation-under-way' }] });
  });

  test('a CA that is not there', async () => {
    const { destroy } = await aDesk();
    expect(await destroy('nobody')).toMatchObject({ failures: [{ code: 'unknown-ca' }] });
  });
});

test('while it is answered, nothing begins', async () => {
  const { rotate, desk } = await aDesk(withPolicy({ grace: '0s' }));
  await rotate();
  const { observe } = desk.parts.ports.agents;
  let begun: Promise<unknown> | undefined;
  desk.parts.ports.agents.observe = async (command) => {
    begun ??= start(desk, { id: 'x', operator: 'bob' }, { type: 'start', request: aRequest(), digest: 'x' });
    return observe.call(desk.parts.ports.agents, command);
  };
  expect(await destroy(desk, 'ann', { type: 'ca-destroy', name: 'old' })).toMatchObject({ ok: true });
  expect(await begun).toMatchObject({ failures: [{ code: 'rotation-under-way' }] });
});

describe('a key that is gone and not written down', () => {
  test('is written down when it is asked for again', async () => {
    const { rotate, destroy, said, breakJournal } = await aDesk(withPolicy({ grace: '0s' }));
    await rotate();
    breakJournal(true);
    expect(await destroy()).toMatchObject({ failures: [{ code: 'journal-not-written' }] });
    expect([keyOf('old'), said()]).toEqual(['destroyed', []]);
    breakJournal(false);
    expect(await destroy()).toMatchObject({ ok: true });
    expect(said()).toMatchObject([{ did: 'destroyed', name: 'old', operator: 'ann' }]);
  });

  test('is written down by who takes the lead next, once', async () => {
    const { journal, said } = await aDesk();
    unwrap(await store.signer.destroy('old', 'ann'));
    for (let times = 0; times < 2; times += 1) unwrap(await recordDestroyed(store.signer, journal));
    expect(said()).toMatchObject([{ did: 'destroyed', name: 'old', operator: 'ann' }]);
  });
});

test('no rotation ends on a CA whose key is destroyed', async () => {
  const { desk } = await aDesk();
  unwrap(await store.signer.destroy('other'));
  const request = { ...aRequest(), targets: { client: 'other' } };
  const gone = {
    ok: false,
    failures: [{ code: 'ca-not-held', message: expect.stringContaining('other, CN=ca9') }],
  };
  expect(await plan(desk, request)).toMatchObject(gone);
  expect(
    await start(desk, { id: 'x', operator: 'ann' }, { type: 'start', request, digest: 'x' }),
  ).toMatchObject(gone);
});
