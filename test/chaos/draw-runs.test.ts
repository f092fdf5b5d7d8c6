import { expect, test } from 'vitest';
import { allRuns, drawRuns, kindsByWord } from './draw-runs.ts';
import { wordOf } from './point.ts';
import { processes } from './processes.ts';

test('the same seed draws the same runs, and another one others', () => {
  const keys = (seed: number): string[] => drawRuns(seed).map(({ key, point }) => `${key} ${point.share}`);
  expect(keys(5)).toEqual(keys(5));
  expect(keys(5)).not.toEqual(keys(6));
});

test('whatever is drawn, each process is killed at every kind of entry, and there are sixty points or more', () => {
  for (let seed = 1; seed < 50; seed += 1) {
    const runs = drawRuns(seed);
    expect(new Set(runs.map(({ key }) => key)).size).toBeGreaterThanOrEqual(60);
    for (const process of processes) {
      const name = process === 'etcd member' ? /^kill (changed|leader|other) member$/ : `kill ${process}`;
      for (const word of Object.keys(kindsByWord)) {
        const met = runs.filter(
          ({ fault, point }) => fault.name.match(name) !== null && wordOf(point.kind) === word,
        );
        expect(met.length, `${process} at ${word} with seed ${seed}`).toBeGreaterThan(0);
      }
    }
  }
});

test('every run that is drawn has a key that names it alone', () => {
  const all = new Map(allRuns(3).map((run) => [run.key, run]));
  for (const { key, point } of drawRuns(3)) expect(all.get(key)?.point).toEqual(point);
});
