import { aClient, aCluster, failed, Play } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { possibleNow } from './possible-now.ts';
import { stateOf, stepAt } from './step-state.ts';

const stateAt = ({ rotation }: Play, id: string) => {
  const step = rotation.plan.steps.find((one) => one.id === id);
  return step && stateOf(step, rotation);
};

/** Another cluster answers from the look of one node on: what it says is well answered, and no proof. */
function anotherCluster(): Play {
  const cluster = aCluster('a', 'b', 'c', aClient('backup'));
  cluster.before('trust-b-seen-by-b prove', () => {
    cluster.clusterId = 'c2';
  });
  return new Play(cluster).run();
}

test('a look that came well and proves nothing is failed, and is the step that a rotation goes on with', () => {
  const play = anotherCluster();
  expect(play.rotation.state).toMatchObject({ status: 'held', failure: { code: 'cluster-id-changed' } });
  expect(stateAt(play, 'trust-b-seen-by-a')).toMatchObject({ is: 'done' });
  expect(stateAt(play, 'trust-b-seen-by-b')).toMatchObject({
    is: 'failed',
    failure: { code: 'cluster-id-changed' },
  });
  expect(stepAt(play.rotation)?.id).toBe('trust-b-seen-by-b');
  expect(possibleNow(play.rotation, 'ann')[0]?.[1]).toContain('then tries trust-b-seen-by-b again');
});

test('looks that do not agree with each other are failed, every one of them', () => {
  const cluster = aCluster('a', 'b', 'c');
  let term = cluster.term;
  for (const node of ['b', 'c']) {
    // An election between one look and the next, again and again.
    cluster.before(`trust-b-seen-by-${node} prove`, () => {
      cluster.term = ++term;
    });
  }
  const play = new Play(cluster).run(({ rotation }) => {
    const looks = ['a', 'b', 'c'].map((node) => rotation.progress[`trust-b-seen-by-${node}`]);
    return looks.every((look) => look?.results.length === 1);
  });
  for (const node of ['a', 'b', 'c']) {
    expect(stateAt(play, `trust-b-seen-by-${node}`)).toMatchObject({
      is: 'failed',
      failure: { code: 'not-agreed' },
    });
  }
  expect(stepAt(play.rotation)?.id).toBe('trust-b-seen-by-a');
});

test('what a node could not do is failed, and is the step that a rotation goes on with', () => {
  const cluster = aCluster('a', 'b', 'c');
  cluster.instead('trust-b change', () => failed('install-failed'));
  const play = new Play(cluster).run();
  expect(stateAt(play, 'trust-b')).toMatchObject({ is: 'failed', failure: { code: 'install-failed' } });
  expect(stepAt(play.rotation)?.id).toBe('trust-b');
});

test('a finished rotation has no next step', () => {
  expect(stepAt(new Play(aCluster('a', 'b', 'c')).run().rotation)).toBeUndefined();
});

test('giving up is said to be without a roll back', () => {
  const [, abandon] =
    possibleNow(anotherCluster().rotation, 'ann').find(([command]) => /abandon/.test(command)) ?? [];
  expect(abandon).toContain('no roll back of it afterwards');
});
