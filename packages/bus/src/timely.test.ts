import { expect, test } from 'vitest';
import { checkTimely } from './timely.ts';

const now = new Date('2026-11-24T03:00:00.000Z');

test.each([
  ['issued now, for a minute', 0, 60_000],
  ['issued a minute ahead, as by a clock that is fast', 60_000, 120_000],
  ['issued long ago and alive', -3_000_000, 1],
])('obeys what was %s', (_what, issued, expires) => {
  expect(checkTimely(aWindow(issued, expires), now).ok).toBe(true);
});

test.each([
  ['expires now', -1000, 0],
  ['expired', -60_000, -1],
  ['was issued more than a minute ahead', 60_001, 120_000],
  ['lives longer than an hour', 0, 3_600_001],
])('refuses what %s', (_what, issued, expires) => {
  expect(checkTimely(aWindow(issued, expires), now)).toMatchObject({
    ok: false,
    failure: { code: 'too-late' },
  });
});

function aWindow(issued: number, expires: number): { issuedAt: string; expiresAt: string } {
  const from = (ms: number): string => new Date(now.getTime() + ms).toISOString();
  return { issuedAt: from(issued), expiresAt: from(expires) };
}
