import { rm, writeFile } from 'node:fs/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { checkIntact } from './check-intact.ts';
import { type LoopbackNode, type LoopbackNodes, threeNodes } from './loopback-nodes.fixture.ts';
import { printsOf } from './node.fixture.ts';
import { foldersOf } from './node.ts';
import { mayMount, onSmallDisk, readOnly } from './small-disk.fixture.ts';
import { isHealthy, type TrustSteps, trustSteps } from './trust-steps.fixture.ts';

// Disks that are full or cannot be written, under a member that runs: it goes on running, and nothing is half-written.

let cluster: LoopbackNodes;
let steps: TrustSteps;

beforeAll(async () => {
  cluster = await threeNodes();
  steps = await trustSteps(cluster);
});
afterAll(() => cluster?.[Symbol.asyncDispose]());
beforeEach(() => steps.begin());

const bundleOf = async (one: LoopbackNode) => printsOf(await one.read('pki/ca.crt'));

async function isWhole(one: LoopbackNode): Promise<void> {
  for (const folder of foldersOf(one.node, one.member)) {
    expect(await checkIntact(folder)).toMatchObject({ ok: true });
  }
}

/** The member goes on as it was, and as soon as it can be done the same command does it. */
async function doesItLater(one: LoopbackNode, body: Parameters<TrustSteps['obey']>[1]): Promise<void> {
  expect(await steps.obey(one, body)).toMatchObject({ ok: true, value: { restarted: true } });
  const back = await steps.trustChange(one, 'old');
  expect(await steps.obey(one, back, `${steps.step()}-back`)).toMatchObject({ ok: true });
  await isHealthy(one);
}

/** While the member starts, the disk fills up. */
async function fillsAtStart(one: LoopbackNode, filling: string): Promise<void> {
  await writeFile(one.at('filling'), filling);
  await writeFile(one.at('along'), one.at('filling'));
}

describe.skipIf(!mayMount)('the folder of the files', () => {
  test('that cannot be written is left as it is, and its member is not touched', async () => {
    const one = await steps.aFollower();
    const body = await steps.trustChange(one, 'both');
    const before = await one.process();
    {
      using _folder = readOnly(one.at('pki'));
      const outcome = await steps.obey(one, body);
      expect(outcome).toMatchObject({ decision: 'untouched', failure: { code: 'install-failed' } });
      expect(outcome.ok ? '' : outcome.failure.message).toMatch(/pki: .*read-only/);
    }
    expect((await one.process())?.pid).toBe(before?.pid);
    await isWhole(one);
    await doesItLater(one, body);
  });

  test('that has no room is left as it is, and its member is not touched', async () => {
    const one = await steps.aFollower();
    using disk = onSmallDisk(one.at('pki'));
    await one.service('restart');
    await one.serving();
    const body = await steps.trustChange(one, 'both');
    const before = await one.process();
    disk.fill();
    const outcome = await steps.obey(one, body);
    expect(outcome).toMatchObject({ decision: 'untouched', failure: { code: 'install-failed' } });
    expect(outcome.ok ? '' : outcome.failure.message).toMatch(/pki: .*no space left/);
    expect((await one.process())?.pid).toBe(before?.pid);
    await isWhole(one);
    disk.empty();
    await doesItLater(one, body);
  });

  test('that has no room any more: the files of before are put back all the same', async () => {
    const one = await steps.aFollower();
    using disk = onSmallDisk(one.at('pki'));
    await one.service('restart');
    await one.serving();
    await fillsAtStart(one, disk.filling);
    await writeFile(one.at('picky'), '');
    const body = { ...(await steps.trustChange(one, 'both')), startTimeoutMs: 1500 };
    const outcome = await steps.obey(one, body);
    await Promise.all(['picky', 'along'].map((name) => rm(one.at(name))));
    expect(outcome).toMatchObject({ decision: 'restored', failure: { code: 'restart-failed' } });
    expect(await bundleOf(one)).toHaveLength(1);
    await one.serving();
    await isWhole(one);
  });
});

describe.skipIf(!mayMount)('the memory of the agent', () => {
  test.each(['full', 'read-only'] as const)('that is %s: nothing is begun, and it is said', async (how) => {
    const one = await steps.aFollower();
    const body = await steps.trustChange(one, 'both');
    const before = await one.process();
    {
      using disk = how === 'full' ? onSmallDisk(one.at('state')) : undefined;
      using _folder = how === 'read-only' ? readOnly(one.at('state')) : undefined;
      disk?.fill();
      const outcome = await steps.obey(one, body);
      expect(outcome).toMatchObject({
        decision: 'untouched',
        failure: { code: 'bad-file', retryable: true },
      });
      expect(outcome.ok ? '' : outcome.failure.message).toContain('state cannot be written');
    }
    expect((await one.process())?.pid).toBe(before?.pid);
    expect(await bundleOf(one)).toHaveLength(1);
    await doesItLater(one, body);
  });

  test('that fills up in the middle of a restart: the member serves, and the result is had once there is room', async () => {
    const one = await steps.aFollower();
    using disk = onSmallDisk(one.at('state'));
    const body = await steps.trustChange(one, 'both');
    await fillsAtStart(one, disk.filling);
    const outcome = await steps.obey(one, body);
    await rm(one.at('along'));
    expect(outcome).toMatchObject({ decision: 'kept', failure: { code: 'bad-file', retryable: true } });
    expect(outcome.ok ? '' : outcome.failure.message).toContain('it was done');
    const started = await one.process();
    await isWhole(one);
    disk.empty();
    await doesItLater(one, body);
    expect(started?.pid).toBeDefined();
  });

  test('that fills up before a member is put back does not keep it down', async () => {
    const one = await steps.aFollower();
    using disk = onSmallDisk(one.at('state'));
    await fillsAtStart(one, disk.filling);
    await writeFile(one.at('picky'), '');
    const body = { ...(await steps.trustChange(one, 'both')), startTimeoutMs: 1500 };
    const outcome = await steps.obey(one, body);
    await Promise.all(['picky', 'along'].map((name) => rm(one.at(name))));
    expect(outcome).toMatchObject({ ok: false, failure: { code: 'bad-file' } });
    expect(outcome.ok ? '' : outcome.failure.message).toContain('the files of before were put back');
    expect(await bundleOf(one)).toHaveLength(1);
    disk.empty();
    await isHealthy(one);
    await doesItLater(one, { ...body, startTimeoutMs: 15_000 });
  });
});
