import { expect, test } from 'vitest';
import { pollUntil } from './poll.ts';

test('looks once, however little time there is', async () => {
  let looks = 0;
  const seen = await pollUntil({ look: async () => ++looks, enough: () => false, deadlineMs: 0 });
  expect([seen, looks]).toEqual([1, 1]);
});

test('stops at the first that is enough', async () => {
  let looks = 0;
  const seen = await pollUntil({
    look: async () => ++looks,
    enough: (look) => look === 3,
    deadlineMs: 5000,
    intervalMs: () => 1,
  });
  expect([seen, looks]).toEqual([3, 3]);
});

test('gives what was seen last when the time is over', async () => {
  const started = performance.now();
  const seen = await pollUntil({ look: async () => 'no', enough: () => false, deadlineMs: 60 });
  expect(seen).toBe('no');
  expect(performance.now() - started).toBeLessThan(500);
});
