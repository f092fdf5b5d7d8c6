import { aClient, aCluster, aRequest, failed, Play } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { whereItStands } from './where-it-stands.ts';

const aPlay = (): Play =>
  new Play(aCluster('a', 'b', 'c', aClient('backup')), { request: aRequest({ confirmRetire: true }) });

const isAt = (step: string) => (play: Play) => play.rotation.progress[step] !== undefined;

test('names the stage, who is through it, and the next step', () => {
  const play = aPlay().run(isAt('trust-c-seen-by-c'));
  const [where, next] = whereItStands(play.rotation);
  // A member counts only once everybody who has to look has looked.
  expect(where).toMatch(/^it stands in trust; done: \S+; to come: .*c/);
  expect(next).toContain('every node has a complete set of files');
});

test('says that nothing was changed while nodes prepare', () => {
  expect(whereItStands(aPlay().rotation)[0]).toContain('nothing was changed yet');
});

test('stands before retire where it was to be confirmed', () => {
  const [where] = whereItStands(aPlay().run().rotation);
  expect(where).toMatch(/^it stands in retire; done: nobody; to come: /);
});

test('says of a way back that it is one', () => {
  const play = aPlay()
    .run()
    .rollBackUntil((back) => Object.keys(back.rotation.progress).some((id) => id.includes('issue')));
  expect(whereItStands(play.rotation)[0]).toContain('of the way back');
});

test('a member that is not proven by everybody is not done', () => {
  const cluster = aCluster('a', 'b', 'c', aClient('backup'));
  cluster.before('trust-b-seen-by-c prove', () => {
    cluster.clusterId = 'c2';
  });
  const [where, next] = whereItStands(new Play(cluster).run().rotation);
  expect(where).toMatch(/; done: [^;]*; to come: .*\bb\b/);
  expect(where).not.toMatch(/done: [^;]*\bb\b/);
  expect(next).toContain('the next step is trust-b-seen-by-c;');
});

test('says of what was sent and not answered that it may still be at work', () => {
  const cluster = aCluster('a', 'b', 'c');
  cluster.instead('prepare-node-b prepare', () => failed('bad-file'));
  const play = new Play(cluster, {
    answers: (underWay) => underWay.findIndex(({ node }) => node === 'node-b'),
  });
  expect(play.run().rotation.state.status).toBe('held');
  expect(whereItStands(play.rotation)).toContain(
    'prepare-node-a on node-a: sent, and its answer was not heard: it may still be at work',
  );
});
