import { expect, test } from 'vitest';
import { RefusedCount } from './refused.ts';

const at = new Date('2026-11-24T03:00:00.000Z');
const failure = { code: 'not-signed', message: 'no signature', hint: '', retryable: false } as const;

test('counts by sender and code, the latest first', () => {
  const refused = new RefusedCount(() => at);
  for (const from of ['m1', 'm2', 'm1']) refused.note({ failure, subject: 's', from });
  refused.note({ failure: { ...failure, code: 'too-late' }, subject: 's', from: 'm2' });
  expect(refused.list().map(({ from, code, count }) => [from, code, count])).toEqual([
    ['m2', 'too-late', 1],
    ['m1', 'not-signed', 2],
    ['m2', 'not-signed', 1],
  ]);
});

test('remembers a bounded number of senders, however many names are made up', () => {
  const refused = new RefusedCount(() => at);
  for (let i = 0; i < 1000; i += 1) refused.note({ failure, subject: 's', from: `${i}`.repeat(500) });
  expect(refused.list()).toHaveLength(50);
  expect(refused.list()[0]?.from).toHaveLength(100);
});
