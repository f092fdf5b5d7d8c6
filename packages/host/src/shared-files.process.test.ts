import type { CommandBody, Expected } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { carryOut } from './carry-out.ts';
import { aCa, signed, type TestCa } from './certificates.fixture.ts';
import { unwrap } from './folder.fixture.ts';
import { installSlots } from './install-slots.ts';
import { type LoopbackNode, type LoopbackNodes, threeNodes } from './loopback-nodes.fixture.ts';
import { aChange, aCommand, printsOf, theWork } from './node.fixture.ts';
import { observeNode } from './observe-node.ts';

// Members as kubeadm and kubespray make them: one bundle, and one pair, for both ports.

let cluster: LoopbackNodes;
let one: LoopbackNode;
let members: Expected[];
let next: TestCa;

beforeAll(async () => {
  cluster = await threeNodes({ shared: true });
  [one] = cluster.nodes;
  members = await cluster.expected();
  next = await aCa('new CA');
  const keys = (['server-leaf', 'peer-leaf'] as const).map((slot) => {
    return { holder: one.member.holder, slot, kind: 'ecdsa-p256' as const };
  });
  await obey({ type: 'prepare', keys }, 'prepare');
});
afterAll(() => cluster?.[Symbol.asyncDispose]());

function obey(body: CommandBody, step: string, node = one.node) {
  return carryOut(
    { ...aCommand(body, { holder: one.member.holder, step }), node: node.name },
    JSON.stringify(body),
    node,
  );
}

const seen = async () => {
  const [member] = (await observeNode(one.node, 'c')).holders;
  if (!member) throw new Error('no member');
  return member;
};

const bundles = async (bundle: string) =>
  aChange({
    slots: { 'client-bundle': { bundle }, 'peer-bundle': { bundle } },
    before: {
      'client-bundle': printsOf(await one.read('pki/ca.crt')),
      'peer-bundle': printsOf(await one.read('pki/ca.crt')),
    },
    startTimeoutMs: 15_000,
    handOverTo: members.slice(1).map(({ memberId }) => memberId),
    members,
  });

test('both slots are the same file, and that is no problem', async () => {
  const { problems, slots } = await seen();
  expect(problems).toEqual([]);
  expect(slots['peer-leaf']?.file).toBe(slots['server-leaf']?.file);
  expect(slots['peer-bundle']?.file).toBe(slots['client-bundle']?.file);
  expect(slots['peer-bundle']?.file).not.toBe(slots['peer-leaf']?.file);
});

test('one restart loads the bundle at both ports, also where the agent is killed before it', async () => {
  const body = await bundles(cluster.clientCa.pem + next.pem);
  const before = await one.process();
  unwrap(await installSlots(await theWork(one.node, body, { holder: one.member.holder, step: 's1' }), true));
  const outcome = await obey(body, 's1', await one.reopened());
  expect(outcome).toMatchObject({ ok: true, value: { restarted: true } });
  expect((await one.process())?.pid).not.toBe(before?.pid);
  const { slots } = await seen();
  const subjects = [cluster.clientCa, next].map(({ certificate }) => certificate.facts.subject).sort();
  for (const slot of ['client-bundle', 'peer-bundle'] as const) {
    const bundle = slots[slot];
    if (!bundle || !('bundle' in bundle)) throw new Error('no bundle');
    expect(bundle.loaded).toBe(true);
    expect([...(bundle.listed ?? [])].sort()).toEqual(subjects);
  }
});

test('one certificate for one key is presented at both ports, without a restart', async () => {
  const none = { dns: [], ip: [] };
  const leaves = (['server-leaf', 'peer-leaf'] as const).map((slot) => {
    return { slot, kind: 'ecdsa-p256' as const, change: { addNames: none, dropNames: none } };
  });
  const asked = await obey({ type: 'request', leaves, canaries: [] }, 's2');
  if (!asked.ok || asked.value.type !== 'requested') throw new Error(JSON.stringify(asked));
  const leaf = signed(cluster.clientCa, asked.value.leaves[0]?.csr ?? '');
  const before = { 'server-leaf': [one.server.fingerprint], 'peer-leaf': [one.server.fingerprint] };
  const made = { chain: leaf.cert, key: 'made' as const };
  const slots = { 'server-leaf': made, 'peer-leaf': made };
  const process = await one.process();
  const outcome = await obey(aChange({ slots, before, taken: 'by-itself', members }), 's2');
  if (!outcome.ok || outcome.value.type !== 'changed') throw new Error(JSON.stringify(outcome));
  expect(outcome.value.proofs.map(({ what, where, verdict }) => `${what} ${where} ${verdict}`)).toEqual([
    `presents ${one.member.endpoint} proven`,
    `presents ${one.member.peerEndpoint} proven`,
  ]);
  expect((await one.process())?.pid).toBe(process?.pid);
  const { problems, slots: after } = await seen();
  expect(problems).toEqual([]);
  expect(after['peer-leaf']).toMatchObject({ served: leaf.fingerprint });
  expect(after['server-leaf']).toMatchObject({ served: leaf.fingerprint });
});

test('a change of one of the two alone is refused before anything is touched', async () => {
  const body = await bundles(cluster.clientCa.pem);
  const { 'peer-bundle': _left, ...slots } = body.slots;
  const text = await one.read('pki/ca.crt');
  const outcome = await obey({ ...body, slots }, 's3');
  expect(outcome).toMatchObject({ ok: false, decision: 'untouched', failure: { code: 'shared-file' } });
  expect(await one.read('pki/ca.crt')).toBe(text);
});
