import { readdir, rm, writeFile } from 'node:fs/promises';
import { type Domain, type Expected, HolderObservation, type Slot } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { aLeaf, signed, type TestCa } from './certificates.fixture.ts';
import { unwrap } from './folder.fixture.ts';
import { installSlots } from './install-slots.ts';
import { type LoopbackNode, type LoopbackNodes, threeNodes } from './loopback-nodes.fixture.ts';
import { aChange, aCommand, printsOf, theWork } from './node.fixture.ts';
import type { Node } from './node.ts';
import { observeNode } from './observe-node.ts';
import { isHealthy, type TrustSteps, trustSteps } from './trust-steps.fixture.ts';
import type { Change } from './work.ts';

let cluster: LoopbackNodes;
let steps: TrustSteps;
let members: Expected[];
let next: Record<Domain, TestCa>;

beforeAll(async () => {
  cluster = await threeNodes();
  steps = await trustSteps(cluster);
  ({ members, next } = steps);
});
afterAll(() => cluster?.[Symbol.asyncDispose]());
beforeEach(() => steps.begin());

const step = () => steps.step();
const obey: TrustSteps['obey'] = (...asked) => steps.obey(...asked);
const canariesFor: TrustSteps['canariesFor'] = (...asked) => steps.canariesFor(...asked);
const trustChange: TrustSteps['trustChange'] = (...asked) => steps.trustChange(...asked);
const theLeader = () => steps.theLeader();
const aFollower = () => steps.aFollower();

test('what lies there, runs and answers is seen as it is', async () => {
  for (const one of cluster.nodes) await isHealthy(one);
  const [member, agent] = (await observeNode(cluster.nodes[0].node, 'c')).holders;
  expect(member).toMatchObject({ holder: 'member/m1', takes: 'restart', status: { serves: true } });
  expect(member?.flags?.['client-cert-auth']).toBe('true');
  expect(agent).toMatchObject({ holder: 'client/agent-n1', takes: 'by-itself' });
  expect(member?.status?.auth).toBe('off');
});

test('what its ports show, accept and come from is seen beside what lies on disk', async () => {
  const [{ node, server, peer }] = cluster.nodes;
  const [member] = (await observeNode(node, 'c')).holders;
  expect(member).toMatchObject({
    dialsFrom: ['127.0.0.1'],
    slots: {
      'server-leaf': { served: server.fingerprint },
      'peer-leaf': { served: peer.fingerprint },
      'client-bundle': { listed: [cluster.clientCa.certificate.facts.subject] },
      'peer-bundle': { listed: [cluster.peerCa.certificate.facts.subject] },
    },
  });
  // Its peer leaf names that address, so that no DNS was asked; and it has no CRL.
  expect(member?.resolves).toBeUndefined();
  expect(member?.revoked).toBeUndefined();
  const files = Object.values(member?.slots ?? {}).map(({ file }) => file);
  expect(new Set(files).size).toBe(4);
  expect(files.every((file) => /^[0-9a-f]{16}$/.test(file))).toBe(true);
  // What travels is what the protocol says, and nothing more.
  expect(HolderObservation.parse(member)).toEqual(member);
});

test('a bundle and a leaf that somebody put there are not what the running member has', async () => {
  const one = await aFollower();
  const [bundle, cert] = [await one.read('pki/ca.crt'), await one.read('pki/peer.crt')];
  const key = await one.read('pki/peer.key');
  const other = await aLeaf(cluster.peerCa, { commonName: one.name, ip: [one.address, '127.0.0.1'] });
  await writeFile(one.at('pki/ca.crt'), bundle + next.client.pem);
  await writeFile(one.at('pki/peer.key'), other.key.reveal());
  await writeFile(one.at('pki/peer.crt'), other.cert);
  const [member] = (await observeNode(one.node, 'c')).holders;
  await writeFile(one.at('pki/ca.crt'), bundle);
  await writeFile(one.at('pki/peer.key'), key);
  await writeFile(one.at('pki/peer.crt'), cert);
  const seen = member?.slots['client-bundle'];
  if (!seen || !('bundle' in seen)) throw new Error('no bundle');
  expect(seen).toMatchObject({ loaded: false, listed: [cluster.clientCa.certificate.facts.subject] });
  expect(seen.bundle).toHaveLength(2);
  // A leaf is read at every handshake.
  expect(member?.slots['peer-leaf']).toMatchObject({ served: other.fingerprint });
  expect(member?.problems).toEqual([]);
});

test('a member takes up new bundles by a restart, and its ports prove it with canaries', async () => {
  const one = await aFollower();
  const before = await one.process();
  const canaries = await canariesFor(one);
  const outcome = await obey(one, await trustChange(one, 'both', canaries));
  if (!outcome.ok || outcome.value.type !== 'changed') throw new Error(JSON.stringify(outcome));
  expect(outcome.value).toMatchObject({ restarted: true, leaderMoved: false });
  expect(outcome.value.proofs.map(({ what, verdict }) => `${what} ${verdict}`).sort()).toEqual([
    'new-process proven',
    'refused-before proven',
    'refused-before proven',
  ]);
  expect(outcome.value.process?.pid).not.toBe(before?.pid);

  const proven = await obey(one, {
    type: 'prove',
    after: step(),
    members,
    settleMs: 0,
    ports: { canaries, oldLeaves: { client: 'accepted', peer: 'accepted' } },
    thorough: true,
    files: [],
  });
  if (!proven.ok || proven.value.type !== 'proven') throw new Error(JSON.stringify(proven));
  expect(proven.value.proofs.filter(({ verdict }) => verdict !== 'proven')).toEqual([]);
  expect(proven.value.proofs.filter(({ what }) => what === 'accepts-canary')).toHaveLength(2);
  await isHealthy(one);
  expect(await obey(one, await trustChange(one, 'old'), `${step()}-back`)).toMatchObject({ ok: true });
});

test('a member that leads hands over first', async () => {
  const leader = await theLeader();
  const outcome = await obey(leader, await trustChange(leader, 'both'));
  expect(outcome).toMatchObject({ ok: true, value: { restarted: true, leaderMoved: true } });
  expect(await theLeader()).not.toBe(leader);
  expect(await obey(leader, await trustChange(leader, 'old'), `${step()}-back`)).toMatchObject({ ok: true });
});

test('a member that does not start with the new files runs with the old ones again', async () => {
  const one = await aFollower();
  await writeFile(one.at('picky'), '');
  const outcome = await obey(one, { ...(await trustChange(one, 'both')), startTimeoutMs: 1500 });
  await rm(one.at('picky'));
  expect(outcome).toMatchObject({ ok: false, decision: 'restored', failure: { code: 'restart-failed' } });
  expect(outcome.ok ? '' : outcome.failure.message).toContain('and it serves with them');
  expect(printsOf(await one.read('pki/ca.crt'))).toHaveLength(1);
  await isHealthy(one);
});

test('a member that starts and refuses us with the new files runs with the old ones again', async () => {
  const one = await aFollower();
  const body = await trustChange(one, 'both');
  const slots = { ...body.slots, 'client-bundle': { bundle: next.client.pem } };
  const outcome = await obey(one, { ...body, slots, startTimeoutMs: 1500 });
  expect(outcome).toMatchObject({ ok: false, decision: 'restored', failure: { code: 'not-serving' } });
  await isHealthy(one);
});

test('a member is not stopped while another is down, and nothing is left of the step', async () => {
  const one = await aFollower();
  const [other] = cluster.nodes.filter((node) => node !== one);
  const before = await one.process();
  await other?.service('stop');
  const outcome = await obey(one, await trustChange(one, 'both'));
  await other?.service('start');
  expect(outcome).toMatchObject({ ok: false, decision: 'restored', failure: { code: 'quorum-at-risk' } });
  expect((await one.process())?.pid).toBe(before?.pid);
  expect(printsOf(await one.read('pki/ca.crt'))).toHaveLength(1);
  await other?.serving();
  await isHealthy(one);
});

test('a member that cannot serve since others went down is not put back', async () => {
  const one = await aFollower();
  const [other, third] = cluster.nodes.filter((node) => node !== one);
  const script = `#!/bin/sh\nsh ${third?.at('service')} stop\nsh ${other?.at('service')} stop\n`;
  await writeFile(one.at('both-down'), script);
  await writeFile(one.at('along'), one.at('both-down'));
  const outcome = await obey(one, { ...(await trustChange(one, 'both')), startTimeoutMs: 1500 });
  await rm(one.at('along'));
  expect(outcome).toMatchObject({ ok: false, decision: 'kept', failure: { code: 'not-serving' } });
  expect(outcome.ok ? '' : outcome.failure.message).toContain('other members do not serve either');
  expect(printsOf(await one.read('pki/ca.crt'))).toHaveLength(2);
  await Promise.all([other?.service('start'), third?.service('start')]);
  for (const node of cluster.nodes) await node.serving();
  // The next attempt finds that all is done.
  const again = await obey(one, await trustChange(one, 'both'), step(), 2);
  expect(again).toMatchObject({ ok: true, value: { restarted: false } });
  expect(await obey(one, await trustChange(one, 'old'), `${step()}-back`)).toMatchObject({ ok: true });
});

/** The agent is killed right behind the switch: the files lie there, and nobody has read them. */
async function killedAfterInstall(one: LoopbackNode, body: Change): Promise<Node> {
  unwrap(
    await installSlots(await theWork(one.node, body, { holder: one.member.holder, step: step() }), true),
  );
  return one.reopened();
}

test('goes on with the same command after a kill between install and restart', async () => {
  const one = await aFollower();
  const before = await one.process();
  const body = await trustChange(one, 'both');
  const node = await killedAfterInstall(one, body);
  const outcome = await obey({ ...one, node }, body);
  expect(outcome).toMatchObject({ ok: true, value: { restarted: true } });
  expect((await one.process())?.pid).not.toBe(before?.pid);
  expect(await obey({ ...one, node }, await trustChange(one, 'old'), `${step()}-back`)).toMatchObject({
    ok: true,
  });
});

test('with a canary that the kill took along, the step begins anew and restarts once', async () => {
  const one = await aFollower();
  const before = await one.process();
  const body = await trustChange(one, 'both', await canariesFor(one));
  const node = await killedAfterInstall(one, body);
  const lost = await obey({ ...one, node }, body);
  expect(lost).toMatchObject({
    ok: false,
    decision: 'untouched',
    failure: { code: 'canary-lost', retryable: true },
  });
  expect(printsOf(await one.read('pki/ca.crt'))).toHaveLength(1);
  expect((await one.process())?.pid).toBe(before?.pid);

  const canaries = await canariesFor({ ...one, node }, 2);
  const outcome = await obey({ ...one, node }, { ...body, ports: { ...body.ports, canaries } }, step(), 2);
  expect(outcome).toMatchObject({ ok: true, value: { restarted: true } });
  expect(await obey({ ...one, node }, await trustChange(one, 'old'), `${step()}-back`)).toMatchObject({
    ok: true,
  });
});

test('a kill in the middle of the restart leaves a member down: the next delivery starts it', async () => {
  const one = await aFollower();
  const body = await trustChange(one, 'both', await canariesFor(one));
  const node = await killedAfterInstall(one, body);
  await one.service('stop');
  const outcome = await obey({ ...one, node }, body);
  // It serves; only its proof is lost, and the next attempt gives it without another restart.
  expect(outcome).toMatchObject({
    ok: false,
    decision: 'kept',
    failure: { code: 'canary-lost', retryable: true },
  });
  await one.serving();
  const started = await one.process();
  const canaries = await canariesFor({ ...one, node }, 2);
  const again = await trustChange(one, 'both', canaries);
  expect(await obey({ ...one, node }, again, step(), 2)).toMatchObject({
    ok: true,
    value: { restarted: false },
  });
  expect((await one.process())?.pid).toBe(started?.pid);
  expect(await obey({ ...one, node }, await trustChange(one, 'old'), `${step()}-back`)).toMatchObject({
    ok: true,
  });
});

/** It was decided to put the files of this step back, and the agent was killed before it did. */
async function decidedToPutBack(one: LoopbackNode, body: Change): Promise<Node> {
  const node = await killedAfterInstall(one, body);
  const { id } = aCommand(body, { holder: one.member.holder, step: step() });
  const record = node.state.record(id);
  if (!record) throw new Error('no record');
  const putBack = { code: 'not-serving', message: 'it does not serve', hint: '', retryable: false } as const;
  await node.state.write(id, { ...record, putBack });
  return one.reopened();
}

test('a member that came to health while the agent was down is not put back', async () => {
  const one = await aFollower();
  const body = await trustChange(one, 'both');
  const node = await decidedToPutBack(one, body);
  await one.service('restart');
  await one.serving();
  const before = await one.process();
  const outcome = await obey({ ...one, node }, body);
  expect(outcome).toMatchObject({ ok: false, decision: 'kept', failure: { code: 'not-serving' } });
  expect(outcome.ok ? '' : outcome.failure.message).toContain('it serves by now');
  expect((await one.process())?.pid).toBe(before?.pid);
  expect(printsOf(await one.read('pki/ca.crt'))).toHaveLength(2);
  expect(await obey({ ...one, node }, await trustChange(one, 'old'), `${step()}-back`)).toMatchObject({
    ok: true,
  });
});

test('a member that runs is not stopped to put its files back while another is down', async () => {
  const one = await aFollower();
  const [other] = cluster.nodes.filter((node) => node !== one);
  const body = await trustChange(one, 'both');
  const node = await decidedToPutBack(one, body);
  const before = await one.process();
  await other?.service('stop');
  const outcome = await obey({ ...one, node }, body);
  await other?.service('start');
  await other?.serving();
  expect(outcome).toMatchObject({ ok: false, decision: 'kept', failure: { code: 'not-serving' } });
  expect(outcome.ok ? '' : outcome.failure.message).toMatch(/; it runs, and .* is not stopped/);
  expect((await one.process())?.pid).toBe(before?.pid);
  expect(await obey({ ...one, node }, await trustChange(one, 'old'), `${step()}-back`)).toMatchObject({
    ok: true,
  });
  await isHealthy(one);
});

test('leaves are installed with the keys made here, and presented', async () => {
  const one = await aFollower();
  const slots: Slot[] = ['server-leaf', 'peer-leaf'];
  const none = { dns: [], ip: [] };
  const change = { addNames: none, dropNames: none };
  const leaves = slots.map((slot) => ({ slot, kind: 'ecdsa-p256' as const, change }));
  const asked = await obey(one, { type: 'request', leaves, canaries: [] });
  if (!asked.ok || asked.value.type !== 'requested') throw new Error(JSON.stringify(asked));
  const [server, peer] = asked.value.leaves.map(({ csr, slot }) =>
    signed(slot === 'server-leaf' ? cluster.clientCa : cluster.peerCa, csr),
  );
  if (!server || !peer) throw new Error('nothing was asked for');
  const body = aChange({
    slots: {
      'server-leaf': { chain: server.cert, key: 'made' },
      'peer-leaf': { chain: peer.cert, key: 'made' },
    },
    before: { 'server-leaf': [one.server.fingerprint], 'peer-leaf': [one.peer.fingerprint] },
    taken: 'by-itself',
    startTimeoutMs: 15_000,
    members,
  });
  const before = await one.process();
  const swapped = await obey(one, body);
  expect(swapped).toMatchObject({ ok: true, value: { restarted: false } });
  const shown = swapped.ok && swapped.value.type === 'changed' ? swapped.value.proofs : [];
  expect(shown.map(({ what, where, verdict }) => `${what} ${where} ${verdict}`)).toEqual([
    `presents ${one.member.endpoint} proven`,
    `presents ${one.member.peerEndpoint} proven`,
  ]);
  expect((await one.process())?.pid).toBe(before?.pid);
  const now = members.map((each) =>
    each.holder === one.member.holder
      ? { ...each, 'server-leaf': server.fingerprint, 'peer-leaf': peer.fingerprint }
      : each,
  );
  for (const looking of cluster.nodes) {
    const proven = await obey(looking, {
      type: 'prove',
      after: step(),
      members: now,
      settleMs: 0,
      ports: { canaries: {}, oldLeaves: {} },
      thorough: true,
      files: [],
    });
    if (!proven.ok || proven.value.type !== 'proven') throw new Error(JSON.stringify(proven));
    expect(proven.value.proofs.filter(({ verdict }) => verdict !== 'proven')).toEqual([]);
  }
});

/** Leaves for both ports of a member, as after a request, beside what lies there. */
async function newLeaves(one: LoopbackNode, ca: Record<Domain, TestCa>): Promise<Change> {
  const none = { addNames: { dns: [], ip: [] }, dropNames: { dns: [], ip: [] } };
  const slots = { 'server-leaf': 'client', 'peer-leaf': 'peer' } as const;
  const leaves = (['server-leaf', 'peer-leaf'] as const).map((slot) => {
    return { slot, kind: 'ecdsa-p256' as const, change: none };
  });
  const asked = await obey(one, { type: 'request', leaves, canaries: [] });
  if (!asked.ok || asked.value.type !== 'requested') throw new Error(JSON.stringify(asked));
  const chainOf = (slot: keyof typeof slots) => {
    const csr =
      asked.value.type === 'requested' && asked.value.leaves.find((leaf) => leaf.slot === slot)?.csr;
    return { chain: signed(ca[slots[slot]], csr || '').cert, key: 'made' as const };
  };
  return aChange({
    slots: { 'server-leaf': chainOf('server-leaf'), 'peer-leaf': chainOf('peer-leaf') },
    before: {
      'server-leaf': printsOf(await one.read('pki/server.crt')),
      'peer-leaf': printsOf(await one.read('pki/peer.crt')),
    },
    taken: 'by-itself',
    startTimeoutMs: 3000,
    members,
  });
}

test('leaves that a port does not show are put back, without a restart', async () => {
  const one = await aFollower();
  const flags = await one.read('flags');
  // The process has its peer pair from elsewhere: what is installed is shown by its client port alone.
  for (const part of ['crt', 'key'])
    await writeFile(one.at(`other.${part}`), await one.read(`pki/peer.${part}`));
  await writeFile(one.at('flags'), flags.replaceAll(one.at('pki/peer.'), one.at('other.')));
  await one.service('restart');
  await one.serving();
  const [process, cert] = [await one.process(), await one.read('pki/server.crt')];
  const outcome = await obey(one, await newLeaves(one, { client: cluster.clientCa, peer: cluster.peerCa }));
  expect(outcome).toMatchObject({ ok: false, decision: 'restored', failure: { code: 'not-presented' } });
  expect(outcome.ok ? '' : outcome.failure.message).toContain(one.member.peerEndpoint);
  expect((await one.process())?.pid).toBe(process?.pid);
  expect(await one.read('pki/server.crt')).toBe(cert);
  await writeFile(one.at('flags'), flags);
  await one.service('restart');
  await isHealthy(one);
});

test('leaves that nobody trusts are put back, without a restart', async () => {
  const one = await aFollower();
  const [process, cert] = [await one.process(), await one.read('pki/server.crt')];
  const outcome = await obey(one, await newLeaves(one, next));
  expect(outcome).toMatchObject({ ok: false, decision: 'restored', failure: { code: 'not-presented' } });
  expect((await one.process())?.pid).toBe(process?.pid);
  expect(await one.read('pki/server.crt')).toBe(cert);
  await isHealthy(one);
});

test('leaves with which no handshake succeeds are put back at once, however long a start may take', async () => {
  const one = await aFollower();
  const flags = await one.read('flags');
  // The process has its key from elsewhere: it cannot be used with what is installed, as where it cannot be read.
  await writeFile(one.at('other.key'), await one.read('pki/server.key'), { mode: 0o600 });
  await writeFile(one.at('flags'), flags.replaceAll(one.at('pki/server.key'), one.at('other.key')));
  await one.service('restart');
  await one.serving();
  // Keys of earlier tests are used again in the same rotation.
  await rm(one.at('state/rotations/r1/keys'), { recursive: true, force: true });
  const [process, cert] = [await one.process(), await one.read('pki/server.crt')];
  const body = await newLeaves(one, { client: cluster.clientCa, peer: cluster.peerCa });
  const began = performance.now();
  const outcome = await obey(one, { ...body, startTimeoutMs: 200_000 });
  const took = performance.now() - began;
  expect(outcome).toMatchObject({ ok: false, decision: 'restored', failure: { code: 'not-presented' } });
  expect(outcome.ok ? '' : outcome.failure.message).toMatch(/it breaks off .*and it serves with them/s);
  expect(took).toBeLessThan(100_000);
  expect((await one.process())?.pid).toBe(process?.pid);
  expect(await one.read('pki/server.crt')).toBe(cert);
  await writeFile(one.at('flags'), flags);
  await one.service('restart');
  await isHealthy(one);
});

test('no leaves are swapped on a member of three while another is down', async () => {
  const one = await aFollower();
  const [other] = cluster.nodes.filter((node) => node !== one);
  const body = await newLeaves(one, { client: cluster.clientCa, peer: cluster.peerCa });
  const cert = await one.read('pki/server.crt');
  await other?.service('stop');
  const refused = await obey(one, body);
  expect(await one.read('pki/server.crt')).toBe(cert);
  await other?.service('start');
  await other?.serving();
  expect(refused).toMatchObject({ ok: false, decision: 'untouched', failure: { code: 'quorum-at-risk' } });
  expect(refused.ok ? '' : refused.failure.message).toContain('is not touched');
  expect(await obey(one, body, step(), 2)).toMatchObject({ ok: true, value: { restarted: false } });
});

test('no file descriptor is left open, and no key is in what the agents remember', async () => {
  const one = await aFollower();
  await obey(one, { type: 'observe' });
  const before = (await readdir('/proc/self/fd')).length;
  for (let i = 0; i < 10; i += 1) await obey(one, { type: 'observe' });
  expect((await readdir('/proc/self/fd')).length).toBeLessThan(before + 5);
  for (const { read } of cluster.nodes)
    expect(await read('state/commands.json')).not.toContain('PRIVATE KEY');
});
