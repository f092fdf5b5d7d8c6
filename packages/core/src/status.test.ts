import { aCluster, failed, Play, withPolicy } from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { statusOf } from './status.ts';
import { mayDo, verbs } from './verbs.ts';

const running = new Play(aCluster('a', 'b', 'c')).run(({ entries }) => entries.length === 4);
const finished = new Play(aCluster('a', 'b', 'c')).run();
const held = heldAt('trust-b change');
const unapproved = new Play(aCluster('a', 'b', 'c', withPolicy({ approvals: 2 }))).run();

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

const nothing =
  'nothing can be done with it any more; `rotate --dry-run` shows what another rotation would do';

describe('an operator', () => {
  const holding = { ...running.rotation, state: { status: 'holding', operator: 'ann' } } as const;
  const back = { ...held.rotation, plan: { ...held.rotation.plan, direction: 'back' } } as const;

  test.each([
    ['hold', running.rotation],
    ['resume', holding],
    ['resume', held.rotation],
    ['resume', back],
    ['rollback', held.rotation],
    ['abandon', held.rotation],
    ['abandon', back],
    ['approve', unapproved.rotation],
    ['rollback', unapproved.rotation],
    ['abandon', unapproved.rotation],
  ] as const)('may %s', (verb, rotation) => {
    expect(mayDo(verb, rotation)).toEqual({ ok: true, value: undefined });
  });

  test.each([
    ['resume', running.rotation, 'running', 'possible now: hold'],
    ['rollback', running.rotation, 'running', 'possible now: hold'],
    ['abandon', running.rotation, 'running', 'possible now: hold'],
    ['hold', holding, 'holding', 'possible now: resume'],
    ['abandon', holding, 'holding', 'possible now: resume'],
    ['hold', held.rotation, 'held', 'possible now: resume, rollback, abandon'],
    ['rollback', back, 'held on its way back', 'possible now: resume, abandon'],
    ['hold', unapproved.rotation, 'held', 'possible now: approve, rollback, abandon'],
    ['approve', held.rotation, 'held, and waits for no approval', 'possible now: resume, rollback, abandon'],
    ['approve', running.rotation, 'running', 'possible now: hold'],
    ['resume', finished.rotation, 'finished', nothing],
    ['rollback', finished.rotation, 'finished', nothing],
  ] as const)(
    'may not %s what is elsewhere, and is told what is possible',
    (verb, rotation, status, hint) => {
      const message = `${verb} is not possible: rotation r1 is ${status}`;
      expect(mayDo(verb, rotation)).toMatchObject({
        ok: false,
        failure: { code: 'wrong-status', message, hint },
      });
    },
  );

  test('may not resume what waits for a second operator, and is told who has to approve', () => {
    expect(mayDo('resume', unapproved.rotation)).toMatchObject({
      ok: false,
      failure: {
        code: 'needs-approval',
        message:
          'resume is not possible: rotation r1, which ann asked for, waits for the approval of a second operator',
        hint: 'another operator than ann runs: rotate approve r1',
      },
    });
  });

  test('finds every verb in one table', () => {
    expect(verbs).toEqual(['hold', 'resume', 'approve', 'rollback', 'abandon']);
  });
});
