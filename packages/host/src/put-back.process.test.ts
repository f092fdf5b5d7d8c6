import { rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { type LoopbackNode, type LoopbackNodes, threeNodes } from './loopback-nodes.fixture.ts';
import { printsOf } from './node.fixture.ts';
import { isHealthy, type TrustSteps, trustSteps } from './trust-steps.fixture.ts';
import type { Change } from './work.ts';

// Whose fault it is that a member does not serve, where another one goes down in the middle of its step.

let cluster: LoopbackNodes;
let steps: TrustSteps;

beforeAll(async () => {
  cluster = await threeNodes();
  steps = await trustSteps(cluster);
});
afterAll(() => cluster?.[Symbol.asyncDispose]());
beforeEach(() => steps.begin());

const pidOf = async (one: LoopbackNode) => (await one.process())?.pid;
const bundleOf = async (one: LoopbackNode) => printsOf(await one.read('pki/ca.crt'));

/** A follower, and one of the others that goes down as soon as it is started. */
async function twoOfThree(): Promise<{ one: LoopbackNode; other: LoopbackNode }> {
  const one = await steps.aFollower();
  const [other] = cluster.nodes.filter((node) => node !== one);
  if (!other) throw new Error('no other');
  await writeFile(one.at('other-down'), `sh ${other.at('service')} stop\n`);
  await writeFile(one.at('along'), one.at('other-down'));
  return { one, other };
}

async function comesBack(one: LoopbackNode, other: LoopbackNode): Promise<void> {
  await rm(one.at('along'), { force: true });
  await other.service('start');
  await other.serving();
}

/** Both bundles as they are, but for one that holds nothing of what is in use. */
async function badBundle(one: LoopbackNode, slot: 'client-bundle' | 'peer-bundle'): Promise<Change> {
  const body = await steps.trustChange(one, 'old');
  const bad = { bundle: steps.next[slot === 'client-bundle' ? 'client' : 'peer'].pem };
  return { ...body, slots: { ...body.slots, [slot]: bad }, startTimeoutMs: 2000 };
}

test('a member that nobody takes as a peer with its new files has those of before again, while another is down', async () => {
  const { one, other } = await twoOfThree();
  const outcome = await steps.obey(one, await badBundle(one, 'peer-bundle'));
  expect(outcome).toMatchObject({ ok: false, decision: 'restored', failure: { code: 'not-serving' } });
  expect(outcome.ok ? '' : outcome.failure.message).toContain('and it serves with them');
  // With it, two of three serve again, before the other one is back.
  await one.serving();
  await comesBack(one, other);
  await isHealthy(one);
});

test('a member that refuses clients is not stopped while another is down, and later not by itself', async () => {
  const { one, other } = await twoOfThree();
  const body = await badBundle(one, 'client-bundle');
  const outcome = await steps.obey(one, body);
  const started = await pidOf(one);
  expect(outcome).toMatchObject({ ok: false, decision: 'kept', failure: { code: 'not-serving' } });
  expect(outcome.ok ? '' : outcome.failure.message).toMatch(/; it runs, and member\/m\d is not stopped/);
  expect(await bundleOf(one)).toEqual(printsOf(steps.next.client.pem));
  await comesBack(one, other);
  // Everybody counts on what was kept: the same command gets its answer, and another attempt leaves it too.
  expect(await steps.obey(one, body)).toEqual(outcome);
  const again = await steps.obey(one, body, steps.step(), 2);
  expect(again).toMatchObject({ ok: false, decision: 'kept' });
  expect(again.ok ? '' : again.failure.message).toContain('replaced nothing, so nothing was put back');
  expect(await pidOf(one)).toBe(started);
  const back = {
    ...(await steps.trustChange(one, 'old')),
    before: { 'client-bundle': await bundleOf(one) },
  };
  expect(await steps.obey(one, back, `${steps.step()}-back`)).toMatchObject({ ok: true });
  await isHealthy(one);
});

test('a member that another one leaves in the middle of its step keeps its files, and no gate restarts it', async () => {
  const { one, other } = await twoOfThree();
  const outcome = await steps.obey(one, await steps.trustChange(one, 'both'));
  expect(outcome).toMatchObject({ ok: true, value: { restarted: true } });
  const started = await pidOf(one);
  const proven = await steps.obey(one, {
    type: 'prove',
    after: steps.step(),
    members: steps.members,
    settleMs: 0,
    ports: { canaries: {}, oldLeaves: {} },
    thorough: false,
    files: [],
  });
  if (!proven.ok || proven.value.type !== 'proven') throw new Error(JSON.stringify(proven));
  const missing = proven.value.proofs.filter(({ verdict }) => verdict !== 'proven');
  expect(missing.map(({ what }) => what)).toContain('peers-active');
  expect(proven.value.proofs.find(({ what }) => what === 'serves')).toMatchObject({ verdict: 'proven' });
  expect(await pidOf(one)).toBe(started);
  expect(await bundleOf(one)).toHaveLength(2);
  await comesBack(one, other);
  expect(await steps.obey(one, await steps.trustChange(one, 'old'), `${steps.step()}-back`)).toMatchObject({
    ok: true,
  });
  await isHealthy(one);
});

test('a member that does not start is started with the files of before, also while another is down', async () => {
  const { one, other } = await twoOfThree();
  await writeFile(one.at('picky'), '');
  const body = { ...(await steps.trustChange(one, 'both')), startTimeoutMs: 2000 };
  const outcome = await steps.obey(one, body);
  await rm(one.at('picky'));
  expect(outcome).toMatchObject({ ok: false, decision: 'restored', failure: { code: 'restart-failed' } });
  expect(outcome.ok ? '' : outcome.failure.message).toContain('and it serves with them');
  await one.serving();
  // What was decided once is answered, and nothing is done again.
  const started = await pidOf(one);
  expect(await steps.obey(one, body)).toEqual(outcome);
  expect(await pidOf(one)).toBe(started);
  await comesBack(one, other);
  await isHealthy(one);
});
