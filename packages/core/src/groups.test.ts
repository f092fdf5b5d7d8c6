import { aCluster, failed, Play, planFor, unwrap } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { currentGroup } from './groups.ts';
import { groupsOf } from './groups-of.ts';

const { steps } = unwrap(planFor(aCluster('a', 'b', 'c')));
const ids = (group: readonly { id: string }[]) => group.map(({ id }) => id);

test('steps of one number are together, in the order of the numbers, whatever the order of the steps', () => {
  const groups = groupsOf(steps);
  expect(groups.flat()).toHaveLength(steps.length);
  expect(groups.map(([first]) => first?.group)).toEqual([...groups.keys()]);
  expect(groupsOf(steps.toReversed()).map((group) => ids(group).sort())).toEqual(
    groups.map((group) => ids(group).sort()),
  );
});

test('the current group is the first that did not get through', () => {
  const play = new Play(aCluster('a', 'b', 'c'));
  expect(ids(currentGroup(play.rotation))).toContain('prepare-node-a');
  expect(currentGroup(play.run().rotation)).toEqual([]);
});

test('a group whose answers do not agree did not get through', () => {
  const cluster = aCluster('a', 'b', 'c');
  cluster.before('trust-b-seen-by-c prove', () => {
    cluster.clusterId = 'c2';
  });
  expect(ids(currentGroup(new Play(cluster).run().rotation))).toEqual([
    'trust-b-seen-by-a',
    'trust-b-seen-by-b',
    'trust-b-seen-by-c',
  ]);
});

test('a group with a failed step did not get through, even where others of it did', () => {
  const cluster = aCluster('a', 'b', 'c');
  cluster.instead('prepare-node-b prepare', () => failed('bad-file'));
  expect(ids(currentGroup(new Play(cluster).run().rotation))).toContain('prepare-node-b');
});
