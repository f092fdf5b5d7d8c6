import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Command } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { carryOut } from './carry-out.ts';
import { checkIntact } from './check-intact.ts';
import { unwrap } from './folder.fixture.ts';
import { goOn } from './go-on.ts';
import { installSlots, restoreSlots } from './install-slots.ts';
import { type LoopbackNode, type LoopbackNodes, threeNodes } from './loopback-nodes.fixture.ts';
import { printsOf } from './node.fixture.ts';
import { foldersOf, type Node } from './node.ts';
import type { CommandRecord, Outcome } from './node-state.ts';
import { isHealthy, type TrustSteps, trustSteps } from './trust-steps.fixture.ts';
import type { Change, Work } from './work.ts';

// What an agent does at its start, with nobody there who tells it to: each test leaves a member as a kill at one moment
// would, then opens the agent's memory anew. Nothing here waits for a coordinator, and every command has expired.

let cluster: LoopbackNodes;
let steps: TrustSteps;

beforeAll(async () => {
  cluster = await threeNodes();
  steps = await trustSteps(cluster);
});
afterAll(() => cluster?.[Symbol.asyncDispose]());
beforeEach(() => steps.begin());

interface Begun {
  one: LoopbackNode;
  body: Change;
  command: Command;
  work: Work;
}

/** A change that a member was told of: it is recorded, and nothing else was done. */
async function begun(one: LoopbackNode, body: Change): Promise<Begun> {
  const past = new Date(Date.now() - 3_600_000).toISOString();
  const command = { ...steps.command(one, body), epoch: 0, issuedAt: past, expiresAt: past };
  await one.node.state.write(command.id, { contents: JSON.stringify(body), command });
  return { one, body, command, work: { command, body, node: one.node, holder: one.member } };
}

async function installed(there: Begun): Promise<Begun> {
  unwrap(await installSlots(there.work, true));
  return there;
}

/** The agent is started: what it comes to, and its node from then on. */
async function restarted({ one, command }: Begun): Promise<{ node: Node; outcomes: Outcome[] }> {
  const node = await one.reopened();
  const outcomes: Outcome[] = [];
  await goOn(node, (whose, outcome) => {
    expect(whose.id).toBe(command.id);
    outcomes.push(outcome);
  });
  expect(node.state.unfinished()).toEqual([]);
  for (const holder of node.holders) {
    for (const folder of foldersOf(node, holder)) expect((await checkIntact(folder)).ok).toBe(true);
  }
  return { node, outcomes };
}

const again = ({ command, body }: Begun, node: Node) => carryOut(command, JSON.stringify(body), node);
const bundleOf = async (one: LoopbackNode) => printsOf(await one.read('pki/ca.crt'));

async function takeBack(one: LoopbackNode, node: Node): Promise<void> {
  const back = await steps.trustChange(one, 'old');
  expect(await steps.obey({ ...one, node }, back, `${steps.step()}-back`)).toMatchObject({ ok: true });
  // The fixture's node has another memory of the same folder: both shall know the same.
  Object.assign(one, { node: await one.reopened() });
}

test('a command that was only recorded is dropped, and obeyed when it comes again', async () => {
  const one = await steps.aFollower();
  const there = await begun(one, await steps.trustChange(one, 'both'));
  const before = await one.process();
  const { node, outcomes } = await restarted(there);
  expect(outcomes).toEqual([]);
  expect(await bundleOf(one)).toHaveLength(1);
  expect((await one.process())?.pid).toBe(before?.pid);
  expect(await again(there, node)).toMatchObject({ ok: true, value: { restarted: true } });
  await takeBack(one, node);
});

test('files that were installed and not read are read, and the result waits for whoever asks', async () => {
  const one = await steps.aFollower();
  const there = await installed(await begun(one, await steps.trustChange(one, 'both')));
  const before = await one.process();
  const { node, outcomes } = await restarted(there);
  expect(outcomes).toMatchObject([{ ok: true, value: { restarted: true } }]);
  await isHealthy(one);
  const now = await one.process();
  expect(now?.pid).not.toBe(before?.pid);
  expect(await again(there, node)).toEqual(outcomes[0]);
  expect(await again(there, await one.reopened())).toEqual(outcomes[0]);
  expect((await one.process())?.pid).toBe(now?.pid);
  await takeBack(one, node);
});

test('files that nobody has read are taken back where what would prove them is gone', async () => {
  const one = await steps.aFollower();
  const body = await steps.trustChange(one, 'both', await steps.canariesFor(one));
  const there = await installed(await begun(one, body));
  const before = await one.process();
  const { node, outcomes } = await restarted(there);
  const lost = { decision: 'untouched', failure: { code: 'canary-lost', retryable: true } };
  expect(outcomes).toMatchObject([lost]);
  expect(await bundleOf(one)).toHaveLength(1);
  expect((await one.process())?.pid).toBe(before?.pid);
  expect(node.state.record(there.command.id)?.outcome).toBeUndefined();
  expect(await again(there, node)).toMatchObject(lost);
  await isHealthy(one);
});

test('a member that a restart left down is started, with the new files, and what is not proven is said', async () => {
  const one = await steps.aFollower();
  const body = await steps.trustChange(one, 'both', await steps.canariesFor(one));
  const there = await installed(await begun(one, body));
  await one.service('stop');
  const { node, outcomes } = await restarted(there);
  expect(outcomes).toMatchObject([{ decision: 'kept', failure: { code: 'canary-lost', retryable: true } }]);
  await isHealthy(one);
  expect(await bundleOf(one)).toHaveLength(2);
  expect(await again(there, node)).toEqual(outcomes[0]);
  await takeBack(one, node);
});

test('a member that was restarted is proven and not restarted again', async () => {
  const one = await steps.aFollower();
  const there = await installed(await begun(one, await steps.trustChange(one, 'both')));
  await one.service('restart');
  await one.serving();
  const before = await one.process();
  const { node, outcomes } = await restarted(there);
  expect(outcomes).toMatchObject([{ ok: true, value: { restarted: true } }]);
  expect((await one.process())?.pid).toBe(before?.pid);
  expect(await again(there, node)).toEqual(outcomes[0]);
  await takeBack(one, node);
});

test('after a power cut, a member that was started with the new files keeps them', async () => {
  const one = await steps.aFollower();
  const body = await steps.trustChange(one, 'both', await steps.canariesFor(one));
  const there = await installed(await begun(one, body));
  await one.service('restart');
  await one.serving();
  // The note of the switch was not on disk yet, and the switch itself was in another boot.
  const generation = one.at('pki/.etcd-rotate/current');
  await rm(join(generation, '.seen.json'));
  const manifest = join(generation, '.manifest.json');
  const noted = JSON.parse(await readFile(manifest, 'utf8'));
  await writeFile(manifest, JSON.stringify({ ...noted, boot: 'the boot before' }));
  const before = await one.process();
  const { node, outcomes } = await restarted(there);
  expect(outcomes).toMatchObject([{ decision: 'kept', failure: { code: 'canary-lost', retryable: true } }]);
  expect((await one.process())?.pid).toBe(before?.pid);
  expect(await bundleOf(one)).toHaveLength(2);
  await takeBack(one, node);
});

test('a member that does not bear the files after all has those of before again', async () => {
  const one = await steps.aFollower();
  const body = { ...(await steps.trustChange(one, 'both')), startTimeoutMs: 1500 };
  const there = await installed(await begun(one, body));
  await one.service('stop');
  await writeFile(one.at('picky'), '');
  const { node, outcomes } = await restarted(there);
  await rm(one.at('picky'));
  expect(outcomes).toMatchObject([{ decision: 'restored', failure: { code: 'restart-failed' } }]);
  await isHealthy(one);
  expect(await bundleOf(one)).toHaveLength(1);
  expect(await again(there, node)).toEqual(outcomes[0]);
});

const decided: CommandRecord['putBack'] = {
  code: 'not-serving',
  message: 'it does not serve',
  hint: '',
  retryable: false,
};

/** A put-back that was decided, before its first file, or with its member down in the middle of its restart. */
async function puttingBack(there: Begun, isRestored: boolean): Promise<void> {
  const { one, command, work } = there;
  const record = one.node.state.record(command.id);
  if (!record || !decided) throw new Error('no record');
  await one.node.state.write(command.id, { ...record, putBack: decided });
  if (isRestored) unwrap(await restoreSlots(work, { unread: false }));
  await one.service('stop');
}

test.each([false, true])(
  'a put-back is finished, with its files put back already: %s',
  async (isRestored) => {
    const one = await steps.aFollower();
    const there = await installed(await begun(one, await steps.trustChange(one, 'both')));
    await puttingBack(there, isRestored);
    const { node, outcomes } = await restarted(there);
    expect(outcomes).toMatchObject([{ decision: 'restored', failure: { code: 'not-serving' } }]);
    expect(outcomes[0]?.ok === false && outcomes[0].failure.message).toContain('and it serves with them');
    await isHealthy(one);
    expect(await bundleOf(one)).toHaveLength(1);
    expect(await again(there, node)).toEqual(outcomes[0]);
  },
);

test('a member that was only to be restarted is started where the restart was cut off', async () => {
  const one = await steps.aFollower();
  // The files lie there and were not read: a step restarts the member and replaces nothing.
  await installed(await begun(one, await steps.trustChange(one, 'both')));
  await steps.obey(one, { type: 'prepare', keys: [] }, `${steps.step()}-prepare`);
  steps.begin();
  const body = await steps.trustChange(one, 'both', await steps.canariesFor(one));
  const there = await begun(one, body);
  const record = one.node.state.record(there.command.id);
  await one.node.state.write(there.command.id, { contents: '', ...record, ran: true });
  await one.service('stop');
  const { node, outcomes } = await restarted(there);
  expect(outcomes).toMatchObject([{ decision: 'kept', failure: { code: 'canary-lost' } }]);
  await isHealthy(one);
  await takeBack(one, node);
});

test('a member that is down without the files of its step is started with what lies there', async () => {
  const one = await steps.aFollower();
  const there = await installed(await begun(one, await steps.trustChange(one, 'both')));
  const record = one.node.state.record(there.command.id);
  unwrap(await restoreSlots(there.work, { unread: true }));
  expect(record).toMatchObject({ ran: true });
  await one.service('stop');
  const { outcomes } = await restarted(there);
  expect(outcomes).toMatchObject([{ decision: 'restored', failure: { code: 'restart-failed' } }]);
  await isHealthy(one);
  expect(await bundleOf(one)).toHaveLength(1);
});

test('a member is not restarted at a start while another is down: its files are taken back', async () => {
  const one = await steps.aFollower();
  const [other] = cluster.nodes.filter((node) => node !== one);
  const there = await installed(await begun(one, await steps.trustChange(one, 'both')));
  const before = await one.process();
  await other?.service('stop');
  const { outcomes } = await restarted(there);
  await other?.service('start');
  await other?.serving();
  expect(outcomes).toMatchObject([{ decision: 'restored', failure: { code: 'quorum-at-risk' } }]);
  expect((await one.process())?.pid).toBe(before?.pid);
  expect(await bundleOf(one)).toHaveLength(1);
  await isHealthy(one);
});

test('a member that is down comes up also where its memory cannot be written', async () => {
  const one = await steps.aFollower();
  const there = await installed(await begun(one, await steps.trustChange(one, 'both')));
  await one.service('stop');
  const node = await one.reopened();
  const unwritable = {
    ...node.state,
    write: () => Promise.reject(new Error('ENOSPC: no space left on device')),
  };
  const outcomes: Outcome[] = [];
  await goOn({ ...node, state: unwritable }, (_command, outcome) => outcomes.push(outcome));
  const said = expect.stringMatching(/ENOSPC.*it was done/);
  expect(outcomes).toMatchObject([{ ok: false, decision: 'kept', failure: { message: said } }]);
  await isHealthy(one);
  // With room again, the next start finds it as it is.
  const { outcomes: later, node: now } = await restarted(there);
  expect(later).toMatchObject([{ ok: true, value: { restarted: true } }]);
  await takeBack(one, now);
});

test('what a holder was told before is left alone once it was told something else', async () => {
  const one = await steps.aFollower();
  const there = await installed(await begun(one, await steps.trustChange(one, 'both')));
  const later = await steps.obey(one, await steps.trustChange(one, 'both'), steps.step(), 2);
  expect(later).toMatchObject({ ok: true });
  const node = await one.reopened();
  expect(node.state.unfinished()).toEqual([]);
  expect(node.state.record(there.command.id)).toMatchObject({ ran: true });
  await takeBack(one, node);
});

test('a holder that the agent file does not name any more is left as it is, and gone on with once it does', async () => {
  const one = await steps.aFollower();
  const there = await installed(await begun(one, await steps.trustChange(one, 'both')));
  const node = await one.reopened();
  const outcomes: Outcome[] = [];
  await goOn({ ...node, holders: [] }, (_command, outcome) => outcomes.push(outcome));
  expect(outcomes).toMatchObject([{ decision: 'kept', failure: { code: 'unknown-holder' } }]);
  expect(node.state.unfinished()).toHaveLength(1);
  expect(await bundleOf(one)).toHaveLength(2);
  const { node: now, outcomes: later } = await restarted(there);
  expect(later).toMatchObject([{ ok: true, value: { restarted: true } }]);
  await takeBack(one, now);
});
