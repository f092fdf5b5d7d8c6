import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, connect, createServer, type Server } from 'node:net';
import { expect, test } from 'vitest';
import { aFolder } from './folder.fixture.ts';
import { loopback } from './own-addresses.fixture.ts';
import { connectionsTo, isSame, processListeningOn, processOfPidFile, seenProcess } from './processes.ts';

function aChild(): ChildProcess & { pid: number } & AsyncDisposable {
  const child = spawn('sleep', ['60'], { stdio: 'ignore' });
  const { pid } = child;
  if (pid === undefined) throw new Error('no child');
  const end = async () => {
    const gone = once(child, 'exit');
    if (child.kill('SIGKILL')) await gone;
  };
  return Object.assign(child, { pid, [Symbol.asyncDispose]: end });
}

async function aListener(
  host: string,
  port = 0,
): Promise<{ server: Server; port: number } & AsyncDisposable> {
  const server = createServer();
  server.listen(port, host);
  await once(server, 'listening');
  const closing = async () => {
    server.close();
    await once(server, 'close');
  };
  return { server, port: (server.address() as AddressInfo).port, [Symbol.asyncDispose]: closing };
}

test('the start of a process is exact to 50 ms', async () => {
  const before = Date.now();
  await using child = aChild();
  const seen = await seenProcess(child.pid);
  const started = Date.parse(seen?.startedAt ?? '');
  expect(started).toBeGreaterThan(before - 50);
  expect(started).toBeLessThan(Date.now() + 50);
});

test('a process is the same as long as it runs, by its number and its start', async () => {
  await using child = aChild();
  await using other = aChild();
  const first = await seenProcess(child.pid);
  expect(isSame(first, await seenProcess(child.pid))).toBe(true);
  expect(isSame(first, await seenProcess(other.pid))).toBe(false);
  expect(isSame(undefined, undefined)).toBe(false);
});

test('a process that has ended is none, and neither is one that waits to be reaped', async () => {
  const child = aChild();
  await child[Symbol.asyncDispose]();
  expect(await seenProcess(child.pid)).toBeUndefined();
  const parent = spawn('sh', ['-c', 'sleep 0 & echo $!; exec sleep 60'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [line] = (await once(parent.stdout, 'data')) as [Buffer];
  const pid = Number(line.toString());
  while ((await seenProcess(pid)) !== undefined);
  parent.kill('SIGKILL');
});

test('a pid file names a process; an empty, odd or missing one names none', async () => {
  await using folder = await aFolder();
  await using child = aChild();
  await writeFile(folder.at('pid'), `${child.pid}\n`);
  expect((await processOfPidFile(folder.at('pid')))?.pid).toBe(child.pid);
  for (const text of ['', '0', '-1', '1 2', 'x', `${child.pid}`.repeat(20)]) {
    await writeFile(folder.at('odd'), text);
    expect(await processOfPidFile(folder.at('odd'))).toBeUndefined();
  }
  expect(await processOfPidFile(folder.at('nothing'))).toBeUndefined();
});

test.each([
  { on: 'an address', host: `${loopback}.1`, for: 'it', url: `https://${loopback}.1` },
  { on: '0.0.0.0', host: '0.0.0.0', for: 'an address', url: `https://${loopback}.1` },
  { on: '::', host: '::', for: 'an address', url: `https://${loopback}.1` },
  { on: '::', host: '::', for: '::1', url: 'https://[::1]' },
  { on: '::1', host: '::1', for: '::1', url: 'https://[::1]' },
  { on: 'an address', host: `${loopback}.1`, for: 'a name', url: 'https://localhost' },
])('a listener on $on is found for $for', async ({ host, url }) => {
  await using listener = await aListener(host);
  for (const _time of [1, 2]) {
    expect((await processListeningOn(`${url}:${listener.port}`))?.pid).toBe(process.pid);
  }
});

test('a listener on another address or port is not', async () => {
  await using listener = await aListener(`${loopback}.1`);
  expect(await processListeningOn(`https://${loopback}.2:${listener.port}`)).toBeUndefined();
  expect(await processListeningOn(`https://[::1]:${listener.port}`)).toBeUndefined();
  expect(await processListeningOn(`https://${loopback}.1:${listener.port + 1}`)).toBeUndefined();
});

test('a listener that is gone is not found by what was found before', async () => {
  const listener = await aListener(`${loopback}.1`);
  const url = `https://${loopback}.1:${listener.port}`;
  expect((await processListeningOn(url))?.pid).toBe(process.pid);
  await listener[Symbol.asyncDispose]();
  expect(await processListeningOn(url)).toBeUndefined();
});

test('of two processes that listen on one port for a name, nobody knows which is meant', async () => {
  await using listener = await aListener(`${loopback}.1`);
  const script = `require('net').createServer().listen(${listener.port}, '${loopback}.2', () => console.log('up'))`;
  const other = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'ignore'] });
  await once(other.stdout, 'data');
  expect(await processListeningOn(`https://localhost:${listener.port}`)).toBeUndefined();
  expect((await processListeningOn(`https://${loopback}.2:${listener.port}`))?.pid).toBe(other.pid);
  const gone = once(other, 'exit');
  other.kill('SIGKILL');
  await gone;
});

test('a connection that was opened since is a new one', async () => {
  await using listener = await aListener(`${loopback}.1`);
  const urls = [`https://${loopback}.1:${listener.port}`];
  const accepted: AsyncDisposable[] = [];
  listener.server.on('connection', (socket) => {
    accepted.push({ [Symbol.asyncDispose]: async () => void socket.destroy() });
  });
  const first = connect(listener.port, `${loopback}.1`);
  await once(first, 'connect');
  const before = await connectionsTo(process.pid, urls);
  expect(before.size).toBe(1);
  const second = connect(listener.port, `${loopback}.1`);
  await once(second, 'connect');
  const after = await connectionsTo(process.pid, urls);
  expect([...after].filter((inode) => !before.has(inode))).toHaveLength(1);
  expect(await connectionsTo(process.pid, [`https://${loopback}.2:${listener.port}`])).toEqual(new Set());
  for (const socket of [first, second]) socket.destroy();
  for (const one of accepted) await one[Symbol.asyncDispose]();
});
