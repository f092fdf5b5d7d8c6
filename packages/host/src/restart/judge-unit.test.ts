import { describe, expect, test } from 'vitest';
import { faultOf, problemsOf } from './judge-unit.ts';
import type { UnitSeen } from './unit.ts';

// What systemd says is held against the real thing on nodes; here is what is made of it.

const aUnitSeen = (wishes: Partial<UnitSeen> = {}): UnitSeen => ({
  load: 'loaded',
  isStale: false,
  active: 'active',
  sub: 'running',
  result: 'success',
  reloadResult: 'success',
  mainPid: 7,
  restarts: 0,
  ended: { how: 0, with: 0 },
  invocation: 'x',
  hasJob: false,
  id: 'etcd.service',
  stopWithin: '1min 30s',
  restartKillSignal: 15,
  mayBeTold: true,
  killSignal: 15,
  ...wishes,
});

describe('a service', () => {
  test.each<[string, Partial<UnitSeen>]>([
    ['that runs', {}],
    ['that is being stopped', { active: 'deactivating', sub: 'stop-sigterm', hasJob: true }],
    ['that waits for its start', { active: 'inactive', sub: 'dead', hasJob: true }],
    [
      'that had failed, and is to be started',
      { active: 'failed', sub: 'failed', result: 'exit-code', hasJob: true },
    ],
    [
      'that waits for its next try, and is to be started',
      { active: 'activating', sub: 'auto-restart', hasJob: true },
    ],
    ['that is starting', { active: 'activating', sub: 'start' }],
  ])('%s may come up', (_what, seen) => {
    expect(faultOf(aUnitSeen(seen))).toBeUndefined();
  });

  test.each<[string, Partial<UnitSeen>]>([
    ['is failed after its restart', { active: 'failed', sub: 'failed' }],
    ['is inactive after its restart', { active: 'inactive', sub: 'dead' }],
    ['has ended by itself, and systemd will start it again', { active: 'activating', sub: 'auto-restart' }],
    ['was started again by systemd 1 time since its restart', { restarts: 1 }],
    ['was started again by systemd 2 times since its restart', { restarts: 2, hasJob: true }],
    [
      'is failed after its restart (exit-code: its process ended with code 1)',
      { active: 'failed', sub: 'failed', result: 'exit-code', ended: { how: 1, with: 1 } },
    ],
    [
      'is failed after its restart (signal: its process was ended by signal 9)',
      { active: 'failed', sub: 'failed', result: 'signal', ended: { how: 2, with: 9 } },
    ],
  ])('%s', (what, seen) => {
    expect(faultOf(aUnitSeen(seen))).toBe(what);
  });
});

describe('a restart of a service', () => {
  const told = (seen: Partial<UnitSeen>, leastGraceMs = 20_000) =>
    problemsOf(aUnitSeen(seen), { leastGraceMs, timeout: 120_000 }).map(({ why }) => why);

  test.each<[string, Partial<UnitSeen>]>([
    ['is no unit that systemd knows', { load: 'not-found' }],
    ['is masked', { load: 'masked' }],
    ['cannot be loaded (bad-setting)', { load: 'bad-setting' }],
    ['was changed on disk since systemd read it', { isStale: true }],
    ['is killed 19s after it was told to stop', { stopWithin: '19s' }],
    ['is stopped by SIGKILL', { killSignal: 9 }],
    ['is stopped by SIGKILL', { restartKillSignal: 9 }],
    ['may not be restarted by hand', { mayBeTold: false }],
    ['may take 2min to stop, and its restart is given up after 120 s', { stopWithin: '2min' }],
  ])('would not do: it %s', (what, seen) => {
    expect(told(seen)).toEqual([expect.stringContaining(what)]);
  });

  test('has nothing in its way where there is time to stop, or nobody asks for it', () => {
    for (const stopWithin of ['20s', '1min 30s', 'infinity']) expect(told({ stopWithin })).toEqual([]);
    expect(told({ stopWithin: '1s', killSignal: 9 }, 0)).toEqual([]);
  });
});
