import { expect, test } from 'vitest';
import { restartsIn } from './services.ts';

test('the first start is no restart', () => {
  expect(restartsIn('START 5\n')).toEqual([]);
});

test('pairs each SIGTERM with the start after it', () => {
  expect(restartsIn('START 5\nTERM 10\nSTART 12\nTERM 20\nKILL 21\n')).toEqual([
    { term: 10, start: 12 },
    { term: 20 },
  ]);
});
