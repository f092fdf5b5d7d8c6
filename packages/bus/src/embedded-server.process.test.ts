import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { accepts } from './accepts.ts';
import { startNatsServer } from './embedded-server.ts';
import { aNats, program, until, value } from './nats.fixture.ts';

test('takes connections when it has started, and is gone when it was stopped', async () => {
  using nats = await aNats();
  let pid = 0;
  {
    await using server = value(await nats.start());
    pid = server.pid;
    expect(await accepts(nats.listen)).toBe(true);
    expect(Number(readFileSync(nats.pidFile, 'utf8'))).toBe(pid);
  }
  expect(existsSync(`/proc/${pid}`)).toBe(false);
  expect(nats.events).toEqual([]);
});

test('is started again when it dies, however often', async () => {
  using nats = await aNats();
  await using server = value(await nats.start());
  for (const times of [1, 2]) {
    const { pid } = server;
    process.kill(pid, 'SIGKILL');
    await until('restarted', () => nats.events.filter(({ type }) => type === 'restarted').length === times);
    expect(server.pid).not.toBe(pid);
    expect(await accepts(nats.listen)).toBe(true);
  }
  expect(nats.events.map(({ type }) => type)).toEqual(['died', 'restarted', 'died', 'restarted']);
});

test('takes over from the server of a coordinator that was killed', async () => {
  using nats = await aNats();
  const orphan = spawn(program, ['-c', nats.configFile], { stdio: 'ignore' });
  const ended = once(orphan, 'exit');
  await until('the orphan has its pid file', () => existsSync(nats.pidFile));
  await using server = value(await nats.start());
  await ended;
  expect(server.pid).not.toBe(orphan.pid);
  expect(nats.events).toMatchObject([{ type: 'orphan-ended' }]);
});

test('leaves a process alone that only has the pid of an earlier server', async () => {
  using nats = await aNats();
  const other = spawn('sleep', ['60'], { stdio: 'ignore' });
  try {
    writeFileSync(nats.pidFile, `${other.pid}\n`);
    await using _server = value(await nats.start());
    expect([other.exitCode, other.signalCode]).toEqual([null, null]);
    expect(nats.events).toEqual([]);
  } finally {
    other.kill('SIGKILL');
  }
});

test('says that the port is taken, instead of taking another server for its own', async () => {
  using nats = await aNats();
  const [host, port] = nats.listen.split(':');
  const other = createServer().listen(Number(port), host);
  await once(other, 'listening');
  const started = await nats.start();
  other.close();
  expect(started).toMatchObject({ ok: false, failure: { code: 'nats-server-missing' } });
  expect(started.ok ? '' : started.failure.message).toContain(nats.listen);
});

test('says why it does not start', async () => {
  using nats = await aNats();
  writeFileSync(nats.configFile, 'listen: oops {');
  const started = await nats.start();
  expect(started).toMatchObject({ ok: false, failure: { code: 'nats-server-missing' } });
  expect(started.ok ? '' : started.failure.message).toContain('exit code 1');
});

test('says how to get the program when it is missing', async () => {
  using nats = await aNats();
  const { configFile, pidFile, listen, folder } = nats;
  const options = {
    configFile,
    pidFile,
    listen,
    logFile: join(folder, 'nats.log'),
    onEvent: () => undefined,
  };
  const started = await startNatsServer({ ...options, program: join(folder, 'no-such-program') });
  expect(started).toMatchObject({ ok: false, failure: { code: 'nats-server-missing' } });
  expect(started.ok ? '' : started.failure.hint).toMatch(/nats-server.*NATS_SERVER_BIN/);
});
