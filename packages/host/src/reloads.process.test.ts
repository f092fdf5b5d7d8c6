import { readFileSync, writeFileSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { aProcess } from './a-process.fixture.ts';
import { aFolder, unwrap } from './folder.fixture.ts';
import type { Holder } from './holders.ts';
import { momentNow, startedSince, untilNextTick } from './moment.ts';
import { type Process, seenProcess } from './processes.ts';
import { lastRead, openReloads } from './reloads.ts';

const holderNamed = (name: string, cluster = 'c'): Holder => ({
  kind: 'client',
  holder: `client/${name}`,
  cluster,
  slots: {},
  restart: undefined,
  reload: { command: ['true'], timeout: 1000 },
  pidFile: '',
  endpoints: [],
});
const api = holderNamed('api');

async function seen(pid: number): Promise<Process> {
  const process = await seenProcess(pid);
  if (!process) throw new Error('no process');
  return process;
}

test('a reload is what its process read last, also after a restart of the agent', async () => {
  await using folder = await aFolder();
  await using child = await aProcess();
  const process = await seen(child.pid);
  await untilNextTick();
  const written = await momentNow();
  await untilNextTick();
  const reloads = await openReloads(folder.at('reloads.json'));
  expect(await startedSince(await lastRead(reloads, api, process), written)).toBe(false);
  unwrap(await reloads.note(api, { ...process, at: await momentNow() }));
  await untilNextTick();
  const later = await momentNow();
  for (const each of [reloads, await openReloads(folder.at('reloads.json'))]) {
    const read = await lastRead(each, api, process);
    expect(await startedSince(read, written)).toBe(true);
    expect(await startedSince(read, later)).toBe(false);
    // By the wall clock as well, where nobody has noted a moment.
    expect(await startedSince(read, new Date(Date.now() - 60_000))).toBe(true);
    expect(await startedSince(read, new Date())).toBe(false);
  }
});

test('a reload says nothing of another process, another boot, or another client', async () => {
  await using folder = await aFolder();
  await using child = await aProcess();
  const process = await seen(child.pid);
  const reloads = await openReloads(folder.at('reloads.json'));
  const at = await momentNow();
  unwrap(await reloads.note(api, { ...process, at }));
  const isStart = async (holder: Holder, of: Process) => (await lastRead(reloads, holder, of)) === of;
  expect(await isStart(api, process)).toBe(false);
  expect(await isStart(api, { ...process, startTicks: process.startTicks + 1 })).toBe(true);
  expect(await isStart(api, { ...process, pid: process.pid + 1 })).toBe(true);
  expect(await isStart(holderNamed('other'), process)).toBe(true);
  expect(await isStart(holderNamed('api', 'd'), process)).toBe(true);
  expect(await lastRead(reloads, api, undefined)).toBeUndefined();
  unwrap(await reloads.note(api, { ...process, at: { ...at, boot: 'another' } }));
  expect(await isStart(api, process)).toBe(true);
});

test('reloads that are noted at once do not cross', async () => {
  await using folder = await aFolder();
  const reloads = await openReloads(folder.at('reloads.json'));
  const at = await momentNow();
  const all = Array.from({ length: 20 }, (_, i) => holderNamed(`c${i}`));
  await Promise.all(all.map((holder, pid) => reloads.note(holder, { pid, startTicks: 1, at })));
  const reopened = await openReloads(folder.at('reloads.json'));
  expect(all.map((holder) => reopened.of(holder)?.pid)).toEqual(all.map((_, i) => i));
});

test.each(['', '{"c client/api":', '[]', 'null', '{"c client/api":null}', '{"c client/api":{"pid":1}}'])(
  'of reloads that are damaged (%s) nothing is known, and the next is noted',
  async (text) => {
    await using folder = await aFolder();
    writeFileSync(folder.at('reloads.json'), text);
    const reloads = await openReloads(folder.at('reloads.json'));
    expect(reloads.of(api)).toBeUndefined();
    unwrap(await reloads.note(api, { pid: 1, startTicks: 2, at: await momentNow() }));
    expect(JSON.parse(readFileSync(folder.at('reloads.json'), 'utf8'))).toMatchObject({
      'c client/api': { pid: 1, startTicks: 2 },
    });
  },
);

test('a reload that cannot be written is not known', async () => {
  await using folder = await aFolder();
  await mkdir(folder.at('reloads.json'));
  const reloads = await openReloads(folder.at('reloads.json'));
  const note = reloads.note(api, { pid: 1, startTicks: 2, at: await momentNow() });
  await expect(note).rejects.toThrow();
  expect(reloads.of(api)).toBeUndefined();
});
