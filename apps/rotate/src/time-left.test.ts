import { aCluster, Play } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { timeLeft } from './time-left.ts';

/** @param ms how long every answer takes */
const aPlay = (ms: number): Play => {
  const cluster = aCluster('a', 'b', 'c');
  return new Play(cluster, {
    answers: () => {
      cluster.clock.pass(ms);
      return 0;
    },
  });
};

const lastAt = ({ entries }: Play): Date => new Date(entries.at(-1)?.at ?? '');
const left = (play: Play): number => timeLeft(play.rotation, lastAt(play)) ?? Number.NaN;
const inRetire = (play: Play): boolean => play.rotation.progress['retire-a'] !== undefined;

test('is what the plan says when nothing is done yet', () => {
  const play = aPlay(100);
  expect(left(play)).toBe(play.rotation.plan.estimate.seconds * 1000);
});

test('follows what the steps took once most of them are done', () => {
  const [quick, slow] = [aPlay(100), aPlay(5_000)];
  for (const play of [quick, slow]) play.run(inRetire);
  expect(left(slow)).toBeGreaterThan(5 * left(quick));
});

test('goes down while a step is under way, and never below nothing', () => {
  const play = aPlay(100).run(inRetire);
  const at = (ms: number): number =>
    timeLeft(play.rotation, new Date(lastAt(play).getTime() + ms)) ?? Number.NaN;
  expect(at(500)).toBeLessThan(at(0));
  expect(at(3_600_000)).toBeGreaterThanOrEqual(0);
});

test('is not said of a rotation that does not go on by itself', () => {
  const play = aPlay(100).run();
  expect(timeLeft(play.rotation, lastAt(play))).toBeUndefined();
});
