import { once } from 'node:events';
import { createServer } from 'node:net';
import { expect, test } from 'vitest';
import { aFolder, unwrap } from './folder.fixture.ts';
import { runCommand } from './run-command.ts';

const run = (...command: string[]) => runCommand({ command, timeout: 5000 });
const sh = (script: string, timeout = 5000) => runCommand({ command: ['sh', '-c', script], timeout });

async function messageOf(result: ReturnType<typeof runCommand>): Promise<string> {
  const done = await result;
  return done.ok ? 'ok' : done.failure.message;
}

test.concurrent('a command that ends well is all that is asked for', async () => {
  unwrap(await run('true'));
});

test.concurrent('a failure says the command, its exit code and what it printed', async () => {
  expect(await messageOf(sh('echo one; echo two >&2; exit 3'))).toMatch(
    /^`sh -c .*` ended with code 3: one\ntwo$/s,
  );
});

test.concurrent('of a long output, the end is told', async () => {
  const message = await messageOf(sh('seq 1 100000; echo the end; exit 1'));
  expect(message.endsWith('the end')).toBe(true);
  expect(message.length).toBeLessThan(2200);
});

test.concurrent('a missing program is told as that', async () => {
  expect(await messageOf(run('/no/such/program', 'x'))).toBe(
    '`/no/such/program x` cannot be run: spawn /no/such/program ENOENT',
  );
});

test.concurrent('its time limit ends it, and is told apart from any other end', async () => {
  expect(await messageOf(sh('echo stuck; exec sleep 60', 300))).toMatch(
    /ended by SIGTERM after its time limit of 0.3 s: stuck$/,
  );
  expect(await messageOf(sh('kill -9 $$'))).toMatch(/ended by SIGKILL$/);
});

test.concurrent('one that ends well on its time limit has still not done its work in time', async () => {
  expect(await messageOf(sh('trap "exit 0" TERM; while :; do sleep 0.02; done', 300))).toMatch(
    /ended with code 0 after its time limit/,
  );
});

test.concurrent('one that ignores SIGTERM is ended all the same', async () => {
  expect(await messageOf(sh('trap "" TERM; while :; do sleep 0.05; done', 300))).toMatch(
    /ended by SIGKILL after its time limit/,
  );
});

test.concurrent('a daemon that is left behind with its output neither hangs us nor is ended by us', async () => {
  await using folder = await aFolder();
  const server = createServer().listen(folder.at('socket'));
  await once(server, 'listening');
  const script = `
    const socket = require('net').connect(${JSON.stringify(folder.at('socket'))});
    socket.on('data', () => { console.log('still here'); socket.write('alive'); });
  `;
  const connected = once(server, 'connection');
  const started = performance.now();
  unwrap(
    await runCommand({ command: ['sh', '-c', '"$0" -e "$1" &', process.execPath, script], timeout: 60_000 }),
  );
  expect(performance.now() - started).toBeLessThan(30_000);
  const [socket] = (await connected) as [import('node:net').Socket];
  for (const _time of [1, 2]) {
    socket.write('print');
    expect(String(await once(socket, 'data'))).toBe('alive');
  }
  socket.destroy();
  server.close();
});

test.concurrent('it sees none of our environment', async () => {
  process.env.ETCD_ROTATE_HOST_TEST = 'secret';
  expect(await messageOf(sh('env; exit 1'))).not.toContain('secret');
  delete process.env.ETCD_ROTATE_HOST_TEST;
});
