import { expect, test } from 'vitest';
import { milliseconds } from './time-span.ts';

test.each([
  ['1min 30s', 90_000],
  ['20s', 20_000],
  ['500ms', 500],
  ['1h 2min 3.5s', 3_723_500],
  ['0', undefined],
  ['infinity', undefined],
  ['', undefined],
])('%s', (span, expected) => {
  expect(milliseconds(span)).toBe(expected);
});
