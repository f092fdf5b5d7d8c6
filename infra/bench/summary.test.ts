import { expect, test } from 'vitest';
import type { ContenderName } from './contenders.ts';
import type { Run } from './measure.ts';
import { summarize } from './summary.ts';
import { takeTurns } from './take-turns.ts';

test('compares medians with those of the runbook on the same etcd', () => {
  const summaries = summarize([
    aRun('runbook', { seconds: 20 }),
    aRun('staged', { seconds: 9 }),
    aRun('runbook', { seconds: 24 }),
    aRun('staged', { seconds: 13 }),
    aRun('staged', { seconds: 11 }),
  ]);

  expect(summaries).toMatchObject([
    { contender: 'runbook', seconds: 22, fastest: 20, slowest: 24, ratio: 1 },
    { contender: 'staged', seconds: 11, ratio: 0.5, runs: 3 },
  ]);
});

test('a runbook on another etcd is no yardstick', () => {
  const [, staged] = summarize([
    { ...aRun('runbook', { seconds: 20 }), etcd: '3.4' },
    aRun('staged', { seconds: 10 }),
  ]);

  expect(staged).not.toHaveProperty('ratio');
});

test('what did not end well is told and not measured', () => {
  const held: Run = { ...aRun('staged', { seconds: 1 }), outcome: 'exit code 4: held' };
  const [summary] = summarize([held, aRun('staged', { seconds: 10 })]);

  expect(summary).toMatchObject({ runs: 1, seconds: 10, failures: ['exit code 4: held'] });
});

test('the floor is set against its own run', () => {
  const [summary] = summarize([
    aRun('staged', { seconds: 10, floorSeconds: 8 }),
    aRun('staged', { seconds: 20, floorSeconds: 10 }),
  ]);

  expect(summary).toMatchObject({ floorSeconds: 9, overhead: (0.2 + 0.5) / 2 });
});

test('failed and lost writes of all runs are added up', () => {
  const writes = { tried: 1000, failed: 1, retried: 2, lost: 1, longestStallMs: 50 };
  const [summary] = summarize([aRun('runbook', { writes }), aRun('runbook', { writes })]);

  expect(summary?.writes).toEqual({ tried: 2000, failed: 2, retried: 4, lost: 2, longestStallMs: 50 });
});

test('every round has every kind once and begins with another one', () => {
  expect(takeTurns(['a', 'b', 'c'], 3).join('')).toBe('abcbcacab');
});

function aRun(contender: ContenderName, wish: Partial<Run['measured']>): Run {
  return {
    contender,
    etcd: '3.5',
    outcome: 'rotated',
    measured: {
      version: '3.5.30',
      seconds: 10,
      restarts: 9,
      floorSeconds: 5,
      floors: [],
      unsampled: 0,
      writes: { tried: 0, failed: 0, retried: 0, lost: 0, longestStallMs: 0 },
      watch: { lost: 0, duplicates: 0, outOfOrder: 0 },
      ...wish,
    },
  };
}
