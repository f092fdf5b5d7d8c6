import { expect, test } from 'vitest';
import { Duration } from './duration.ts';

test.each([
  ['250ms', 250],
  ['0s', 0],
  ['35s', 35_000],
  ['10m', 600_000],
  ['12h', 43_200_000],
  ['3650d', 315_360_000_000],
])('%s is %i milliseconds', (text, ms) => {
  expect(Duration.parse(text)).toBe(ms);
});

test.each(['', '5', 's', '5 s', '-5s', '1.5h', '5w', '5S', '1h30m', 5])('%j is refused', (text) => {
  expect(Duration.safeParse(text).error?.issues[0]?.message).toMatch(
    /a duration, e\.g\. "250ms"|expected string/,
  );
});

test.each(['36501d', '99999999999999999999d'])(
  '%s is refused: no certificate and no clock lasts so long',
  (text) => {
    expect(Duration.safeParse(text).error?.issues[0]?.message).toBe('at most 36500d');
  },
);
