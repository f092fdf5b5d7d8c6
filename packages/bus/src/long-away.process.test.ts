import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { subjects } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { BusEvent } from './bus.ts';
import type { NatsServer } from './embedded-server.ts';
import { fleet } from './messages.fixture.ts';
import { aNats, type Nats, until, value } from './nats.fixture.ts';

let nats: Nats;
let server: NatsServer;
beforeAll(async () => {
  nats = await aNats();
  server = value(await nats.start());
});
afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
  nats?.[Symbol.dispose]();
});

const message = { data: new Uint8Array() };
const result = subjects.result(fleet, 'n1');

test('one whose identity is taken away is cut off at once, and is back by itself when it is given again', async () => {
  const seen: BusEvent[] = [];
  await using node = await nats.as('n1', seen);
  await using other = await nats.as('n2');
  expect(await node.publish(result, message)).toMatchObject({ ok: true });

  nats.letIn(['n2', 'alice']);
  expect(await server.reload()).toMatchObject({ ok: true });
  await until('n1 is cut off', () => seen.some(({ type }) => type === 'disconnected'));
  expect(await node.publish(result, message)).toMatchObject({ failure: { code: 'nats-away' } });
  // Those who are still known notice nothing.
  expect(await other.publish(subjects.result(fleet, 'n2'), message)).toMatchObject({ ok: true });

  // The client gives up after two refusals in a row, unless it is told not to: it must be refused more often than that.
  const refusals = (): number =>
    seen.filter(({ detail }) => /AUTHORIZATION|authorization/.test(detail)).length;
  await until('it was refused several times', () => refusals() >= 4);
  nats.letIn(['n1', 'n2', 'alice', 'bob']);
  expect(await server.reload()).toMatchObject({ ok: true });
  await until('n1 is back', () => seen.at(-1)?.type === 'reconnected');
  expect(await node.publish(result, message)).toMatchObject({ ok: true });
});

test('one is back after a server that was away for longer than every time limit of the connection', async () => {
  const seen: BusEvent[] = [];
  await using node = await nats.as('n1', seen);
  const heard: string[] = [];
  node.subscribe(subjects.command(fleet, 'n1'), ({ subject }) => heard.push(subject));
  await server[Symbol.asyncDispose]();
  // Two pings of 5 s without an answer end a connection; a client that counts its attempts stops after ten of them.
  await new Promise((resolve) => setTimeout(resolve, 12_000));
  server = value(await nats.start());
  await until('n1 is back', () => seen.at(-1)?.type === 'reconnected');
  await using coordinator = await nats.as('coordinator');
  expect(await coordinator.publish(subjects.command(fleet, 'n1'), message)).toMatchObject({ ok: true });
  await until('what is said to it arrives', () => heard.length === 1);
});

// With CASES=all (npm run test:every-case): a hang that leaves a client with several connections takes most of a minute.
test.runIf(process.env.CASES === 'all')(
  'one that a server left hanging with several connections is not taken for sound, and a new one is',
  async () => {
    await using node = await nats.as('n1');
    expect(await node.isKnown()).toBe(true);
    const pid = Number(execFileSync('pgrep', ['-f', nats.configFile], { encoding: 'utf8' }).split('\n')[0]);
    process.kill(pid, 'SIGSTOP');
    // Pings find out after 15 s; each attempt to connect from then on waits for an answer.
    await new Promise((resolve) => setTimeout(resolve, 40_000));
    process.kill(pid, 'SIGCONT');
    await until('it is known to be broken', async () => !(await node.isKnown()));
    await using another = await nats.as('n2');
    expect(await another.isKnown()).toBe(true);
  },
);

test('a configuration that the server cannot read changes nothing, and it says why', async () => {
  const before = readFileSync(nats.configFile, 'utf8');
  writeFileSync(nats.configFile, 'authorization { users: [');
  expect(await server.reload()).toMatchObject({
    failure: { code: 'nats-refused', message: expect.stringContaining('Failed to reload') },
  });
  await using node = await nats.as('n1');
  expect(await node.publish(result, message)).toMatchObject({ ok: true });
  writeFileSync(nats.configFile, before);
  expect(await server.reload()).toMatchObject({ ok: true });
});
