import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { momentNow, startedSince, ticksNow } from './moment.ts';
import { seenProcess } from './processes.ts';

async function nextTick(): Promise<void> {
  const first = await ticksNow();
  while ((await ticksNow()) === first);
}

test('a process was started since what was before it, and not since what came after it', async () => {
  const before = await momentNow();
  await nextTick();
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const seen = await seenProcess(child.pid ?? 0);
  await nextTick();
  expect(await startedSince(seen, before)).toBe(true);
  expect(await startedSince(seen, await momentNow())).toBe(false);
  const gone = once(child, 'exit');
  child.kill('SIGKILL');
  await gone;
});

test('what cannot be told counts as not started since', async () => {
  const { boot } = await momentNow();
  const process = { pid: 1, startTicks: 500, startedAt: '2026-01-01T00:00:00.010Z' };
  expect(await startedSince(process, { boot, ticks: 500, at: '' })).toBe(false);
  expect(await startedSince(process, { boot, ticks: 499, at: '' })).toBe(true);
  expect(await startedSince(process, new Date('2026-01-01T00:00:00.000Z'))).toBe(false);
  expect(await startedSince(process, new Date('2025-12-31T23:59:59.980Z'))).toBe(true);
  expect(await startedSince(undefined, new Date(0))).toBe(false);
});

test('a wall clock that was set changes nothing', async () => {
  const { boot } = await momentNow();
  const longAgo = { pid: 1, startTicks: 500, startedAt: '2099-01-01T00:00:00.000Z' };
  expect(await startedSince(longAgo, { boot, ticks: 501, at: '2026-01-01T00:00:00.000Z' })).toBe(false);
});

test('every process that runs was started since a moment of an earlier boot', async () => {
  const process = { pid: 1, startTicks: 5, startedAt: '2026-01-01T00:00:00.000Z' };
  expect(await startedSince(process, { boot: 'another', ticks: 1_000_000, at: '' })).toBe(true);
});
