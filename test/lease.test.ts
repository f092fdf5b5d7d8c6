// The lead as a lease, on a real nats-server: of any number that want it one has it, whatever is stopped or killed.

import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Lease, takeLease } from '../apps/coordinator/src/lead/lease.ts';
import type { KeyValues, NatsServer, SharedStore } from '../packages/bus/src/index.ts';
import { aNats, type Nats, until, value } from '../packages/bus/src/nats.fixture.ts';

const leaseMs = 1_500;
let nats: Nats;
let server: NatsServer;
const opened: AsyncDisposable[] = [];

beforeAll(async () => {
  nats = await aNats({ jetStream: true });
  server = value(await nats.start());
});

afterAll(async () => {
  await server[Symbol.asyncDispose]();
  nats[Symbol.dispose]();
});

afterAll(() => Promise.all(opened.map((one) => one[Symbol.asyncDispose]())));

interface Contender {
  coordinators: KeyValues;
  take(): Promise<Lease | undefined>;
  /** Until it is taken. */
  lead(): Promise<Lease>;
}

async function aContender(name: string, instance = randomUUID()): Promise<Contender> {
  const store: SharedStore = await nats.store({ leaseMs });
  opened.push(store);
  const { coordinators } = store;
  const holder = { v: 1, name, instance, run: randomUUID(), version: '0' } as const;
  const take = async (): Promise<Lease | undefined> => {
    const taken = await takeLease({ coordinators, holder, leaseMs, now: () => new Date() });
    return taken.ok && 'lease' in taken.value ? taken.value.lease : undefined;
  };
  return {
    coordinators,
    take,
    async lead() {
      for (const end = performance.now() + 20_000; performance.now() < end; await sleep(20)) {
        const lease = await take();
        if (lease) return lease;
      }
      throw new Error(`${name} did not get the lead within 20 s`);
    },
  };
}

test('one has the lead; given up, another one takes it at once', async () => {
  const [a, b] = [await aContender('a'), await aContender('b')];
  const races = await Promise.all([a.take(), b.take()]);
  const [first, ...more] = races.filter((lease) => lease !== undefined);
  expect([first?.holds(), more.length]).toEqual([true, 0]);
  const other = races[0] ? b : a;
  await sleep(2 * leaseMs);
  expect([first?.holds(), await other.take()]).toEqual([true, undefined]);
  await first?.release();
  const second = await other.take();
  expect([first?.holds(), second?.holds()]).toEqual([false, true]);
  await second?.release();
});

test('who took it again from a process of his own that is gone ends what that one held', async () => {
  const instance = randomUUID();
  const [a, again, b] = [
    await aContender('a', instance),
    await aContender('a', instance),
    await aContender('b'),
  ];
  const first = await a.lead();
  const second = await again.take();
  expect(second?.holds()).toBe(true);
  expect(await b.take()).toBeUndefined();
  await until('the first one has noticed', () => first.lost.aborted);
  expect(second?.holds()).toBe(true);
  await second?.release();
  const third = await b.take();
  expect(third?.holds()).toBe(true);
  await third?.release();
});

test('is given up before another one can have it, when it cannot be renewed', async () => {
  const [a, b] = [await aContender('a'), await aContender('b')];
  const lease = await a.lead();
  process.kill(server.pid, 'SIGSTOP');
  await until('the lease is lost', () => lease.lost.aborted);
  expect(lease.holds()).toBe(false);
  process.kill(server.pid, 'SIGCONT');
  const next = await b.lead();
  expect([next.holds(), lease.holds()]).toEqual([true, false]);
  await next.release();
});

test('outlives a nats-server that is killed and comes back', async () => {
  const [a, b] = [await aContender('a'), await aContender('b')];
  const lease = await a.lead();
  for (let round = 0; round < 3; round += 1) {
    const { pid } = server;
    process.kill(pid, 'SIGKILL');
    await until('nats-server is back', () => server.pid !== pid);
    await b.take();
    await sleep(leaseMs / 2);
  }
  // Back in time or not, nobody leads beside another.
  const other = lease.holds() ? undefined : await b.lead();
  expect([lease.holds(), other?.holds() ?? false].filter(Boolean)).toHaveLength(1);
  await lease.release();
  await other?.release();
});

test('a holder that was stopped does not hold it when it wakes up', async () => {
  await using holder = aHolder();
  const { said } = holder;
  await until('it leads', () => said.includes('taken'));
  holder.signal('SIGSTOP');
  const b = await aContender('b');
  const lease = await b.lead();
  await sleep(leaseMs);
  holder.signal('SIGCONT');
  const woken = (): boolean => said.some((line) => line.startsWith('woken'));
  await until('it has noticed', () => said.includes('lost') && woken());
  expect(said.filter((line) => line.startsWith('woken'))).toEqual(['woken, holds: false']);
  expect(lease.holds()).toBe(true);
  await lease.release();
});

test('lost and regained at random by three, it is never held by two', async () => {
  const seed = Number(process.env.SEED ?? 20261124);
  const random = randomFrom(seed);
  const held: { name: string; lease: Lease }[] = [];
  let taken = 0;
  const end = performance.now() + 8_000;
  async function contend(name: string): Promise<void> {
    const { take } = await aContender(name);
    while (performance.now() < end) {
      const lease = await take();
      if (!lease) {
        await sleep(10 + 40 * random());
        continue;
      }
      taken += 1;
      const others = held.filter((one) => one.name !== name && one.lease.holds());
      expect({ seed, others: others.map((one) => one.name) }).toEqual({ seed, others: [] });
      held.push({ name, lease });
      await sleep(300 * random());
      await lease.release();
    }
  }
  async function disturb(): Promise<void> {
    while (performance.now() < end - 2_000) {
      await sleep(400 + 800 * random());
      const { pid } = server;
      if (random() < 0.3) signal(pid, 'SIGKILL');
      else {
        signal(pid, 'SIGSTOP');
        await sleep(leaseMs * 1.2 * random());
        signal(pid, 'SIGCONT');
      }
    }
  }
  await Promise.all([contend('a'), contend('b'), contend('c'), disturb()]);
  expect(taken).toBeGreaterThan(3);
});

/** One that was killed just before is not there until it is started again. */
function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ESRCH')) throw error;
  }
}

/** A process that takes the lead, keeps it, and says what becomes of it. */
function aHolder(): Holder {
  const script = fileURLToPath(new URL('lease-holder.ts', import.meta.url));
  const about = {
    servers: [`tls://${nats.listen}`],
    ca: nats.ca,
    nkeySeed: nats.nkeySeeds.coordinator.reveal(),
    signingKey: nats.keys.coordinator.privateKey.reveal(),
    publicKey: nats.keys.coordinator.publicKey,
    leaseMs,
  };
  const child = spawn(process.execPath, [script, JSON.stringify(about)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const said: string[] = [];
  child.stdout.setEncoding('utf8').on('data', (text: string) => said.push(...text.trim().split('\n')));
  const ended = new Promise((resolve) => child.once('exit', resolve));
  return {
    said,
    signal: (name) => child.kill(name),
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await ended;
    },
  };
}

interface Holder extends AsyncDisposable {
  /** Line by line. */
  said: string[];
  signal(name: NodeJS.Signals): void;
}

/** A run can be repeated with SEED. */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_664_525 + 1_013_904_223) % 4_294_967_296;
    return state / 4_294_967_296;
  };
}
