import { expect, test } from 'vitest';
import type { Numbered, WatcherReport, WriterReport } from './clients/client-config.ts';
import { judge } from './load.ts';

test('finds nothing where each acknowledged number was seen once', () => {
  const { watch } = judge(wrote([1, 10], [2, 11]), saw([1, 10], [2, 11]));

  expect(watch).toMatchObject({ lost: 0, duplicates: 0 });
});

test('a number that was acknowledged and never seen is lost', () => {
  expect(judge(wrote([1, 10], [2, 11]), saw([1, 10])).watch.lost).toBe(1);
});

test('a number that was seen twice is a duplicate', () => {
  expect(judge(wrote([1, 10]), saw([1, 10], [1, 10])).watch.duplicates).toBe(1);
});

test('a number that was seen at another revision than the acknowledged one is a duplicate', () => {
  expect(judge(wrote([1, 10]), saw([1, 12])).watch.duplicates).toBe(1);
});

test('a failed write that arrived all the same is neither lost nor twice', () => {
  const { watch } = judge(wrote([1, 10]), saw([1, 10], [2, 11]));

  expect(watch).toMatchObject({ lost: 0, duplicates: 0 });
});

function wrote(...acknowledged: Numbered[]): WriterReport {
  return {
    seconds: 1,
    tried: acknowledged.length,
    retried: 0,
    failed: [],
    lost: [],
    longestStallMs: 0,
    longestStallAt: 0,
    reloads: 0,
    acknowledged,
    errors: {},
  };
}

function saw(...seen: Numbered[]): WatcherReport {
  return { seen, outOfOrder: 0, resumed: 0, reasons: {}, reloads: 0 };
}
