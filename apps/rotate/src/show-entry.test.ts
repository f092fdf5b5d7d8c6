import { stripVTControlCharacters } from 'node:util';
import { aCluster, ledBy, Play } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { showEntry } from './show-entry.ts';

const changeOf = (play: Play, step: string): string => {
  const entry = play.entries.find(
    ({ body }) =>
      body.type === 'result' &&
      body.step === step &&
      body.result.outcome.ok &&
      body.result.outcome.value.type === 'changed',
  );
  if (!entry) throw new Error(`${step} has changed nothing`);
  return stripVTControlCharacters(showEntry(entry, play.rotation.plan).line ?? '');
};

test('a lead that was expected where it is is moved without another word', () => {
  const play = new Play(aCluster('a', 'b', 'c', ledBy('b'))).run();
  expect(changeOf(play, 'trust-b')).toMatch(/✓ trust-b: lead moved, restarted as process \d+/);
});

test('a lead that came to a member after the plan was made is said to have come', () => {
  const cluster = aCluster('a', 'b', 'c', ledBy('b'));
  cluster.before('trust-c change', () => {
    cluster.leader = 'member/c';
  });
  const play = new Play(cluster).run();
  expect(changeOf(play, 'trust-c')).toMatch(
    /trust-c: the lead had come here since the plan was made, and was moved; restarted as process \d+/,
  );
});
