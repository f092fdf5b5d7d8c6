import { expect, test } from 'vitest';
import { rotateArguments } from './rotation.ts';

test.each([
  [3, 'staged', ['--cluster', 'demo', '--strategy', 'staged', '--restarts', 'when-needed']],
  [3, 'renew', ['--cluster', 'demo', '--strategy', 'renew']],
  [1, 'renew', ['--cluster', 'demo', '--strategy', 'renew', '--accept-downtime']],
])('%i members by %s are asked for with the words that mean something there', (members, strategy, words) => {
  expect(rotateArguments(members, { strategy, restarts: 'when-needed' })).toEqual(words);
});
