import { expect, test } from 'vitest';
import { watchdog, watchdogMs } from './watchdog.ts';

test.each([
  ['nobody watches', {}, undefined],
  ['it is for us', { WATCHDOG_USEC: '60000000', WATCHDOG_PID: '42' }, 60_000],
  ['it says not for whom', { WATCHDOG_USEC: '60000000' }, 60_000],
  ['it is for another process', { WATCHDOG_USEC: '60000000', WATCHDOG_PID: '41' }, undefined],
  ['it is off', { WATCHDOG_USEC: '0', WATCHDOG_PID: '42' }, undefined],
  ['it is no number', { WATCHDOG_USEC: 'soon', WATCHDOG_PID: '42' }, undefined],
])('knows how often to ping where %s', (_what, environment, ms) => {
  expect(watchdogMs(environment, 42)).toBe(ms);
});

/** Resolves when it has been called so often. */
function counted(times: number): { call: () => Promise<void>; reached: Promise<void>; count: () => number } {
  let count = 0;
  let resolve = (): void => undefined;
  const reached = new Promise<void>((done) => {
    resolve = done;
  });
  const call = (): Promise<void> => {
    count += 1;
    if (count >= times) resolve();
    return Promise.resolve();
  };
  return { call, reached, count: () => count };
}

test('pings again and again while we are alive', async () => {
  const ping = counted(3);
  const onSilent = (): never => expect.unreachable();
  using _kept = watchdog({ withinMs: 4, isAlive: () => true, ping: ping.call, onSilent });
  await ping.reached;
});

test('does not ping while we are not, says so once, and pings when we are again', async () => {
  const ping = counted(1);
  const answers = [false, false, false, true];
  let silences = 0;
  const isAlive = async (): Promise<boolean> => answers.shift() ?? true;
  using _kept = watchdog({ withinMs: 20, isAlive, ping: ping.call, onSilent: () => void silences++ });
  await ping.reached;
  expect({ left: answers, silences }).toEqual({ left: [], silences: 1 });
});

test('does not ping before the answer is there', async () => {
  const ping = counted(1);
  let answer = (_: boolean): void => undefined;
  const asked = new Promise<boolean>((resolve) => {
    answer = resolve;
  });
  using _kept = watchdog({ withinMs: 2, isAlive: () => asked, ping: ping.call, onSilent: () => undefined });
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(ping.count()).toBe(0);
  answer(true);
  await ping.reached;
});

test('asks nobody where nobody watches', () => {
  using _kept = watchdog({
    withinMs: undefined,
    isAlive: () => expect.unreachable(),
    ping: () => expect.unreachable(),
    onSilent: () => undefined,
  });
});
