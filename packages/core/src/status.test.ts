import { aCluster, failed, Play } from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { statusOf } from './status.ts';
import { allowed, mayDo } from './verbs.ts';

const running = new Play(aCluster('a', 'b', 'c')).run(({ entries }) => entries.length === 4);
const finished = new Play(aCluster('a', 'b', 'c')).run();
const held = heldAt('trust-b change');

function heldAt(what: string): Play {
  const cluster = aCluster('a', 'b', 'c');
  cluster.instead(what, () => failed('install-failed'));
  return new Play(cluster).run();
}

describe('the status of a rotation', () => {
  test('that runs says what is under way', () => {
    expect(statusOf(running.rotation)).toMatchObject({
      rotation: 'r1',
      cluster: 'main',
      operator: 'ann',
      status: 'running',
      stepsDone: 0,
      underWay: expect.arrayContaining(['prepare-node-a', 'prepare-node-b']),
    });
  });

  test('that is held says why, and how far it came', () => {
    expect(statusOf(held.rotation)).toMatchObject({
      status: 'held',
      failure: { code: 'install-failed' },
      stepsDone: expect.any(Number),
    });
    expect(statusOf(held.rotation).stepsDone).toBeGreaterThanOrEqual(4);
  });

  test('that is finished says how and when, and that every step is done', () => {
    const status = statusOf(finished.rotation);
    expect(status).toMatchObject({ status: 'finished', outcome: 'rotated', underWay: [] });
    expect(status.stepsDone).toBe(status.stepsAll);
    expect(status.endedAt).toBe(finished.entries.at(-1)?.at);
  });
});

describe('an operator', () => {
  test.each([
    ['resume', held],
    ['abandon', held],
  ] as const)('may %s what is held', (verb, { rotation }) => {
    expect(mayDo(verb, rotation)).toEqual({ ok: true, value: undefined });
  });

  test.each([
    ['resume', running, 'resume is not possible: rotation r1 is running', 'look at it with `rotate status`'],
    [
      'abandon',
      running,
      'abandon is not possible: rotation r1 is running',
      'look at it with `rotate status`',
    ],
    [
      'resume',
      finished,
      'resume is not possible: rotation r1 is finished',
      'look at it with `rotate status`',
    ],
    [
      'abandon',
      finished,
      'abandon is not possible: rotation r1 is finished',
      'look at it with `rotate status`',
    ],
  ] as const)('may not %s otherwise', (verb, { rotation }, message, hint) => {
    expect(mayDo(verb, rotation)).toMatchObject({
      ok: false,
      failure: { code: 'wrong-status', message, hint },
    });
  });

  test('finds every verb in one table', () => {
    expect(Object.keys(allowed)).toEqual(['resume', 'abandon']);
  });
});
