import { expect, test } from 'vitest';
import { backOff } from './back-off.ts';

test('a node that is away is asked soon at first, then ever less often, and never less than every two seconds', () => {
  expect([0, 1, 2, 3, 4, 60].map(backOff)).toEqual([250, 500, 1000, 2000, 2000, 2000]);
});

test('three tries are made within the two seconds in which a coordinator shall carry on', () => {
  expect(backOff(0) + backOff(1) + backOff(2)).toBeLessThan(2000);
});
