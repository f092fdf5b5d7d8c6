import { expect, test } from 'vitest';
import { linesInStore } from './lines-in-store.ts';

test('lines are found between what the store puts around them, braces in texts and all', () => {
  const lines = ['{"v":1,"seq":1,"body":{"text":"a } and a \\" and a {"}}', '{"v":1,"seq":2,"body":{}}'];
  const bytes = Buffer.concat(lines.flatMap((line) => [Buffer.from([7, 0x7b, 200]), Buffer.from(line)]));
  expect(linesInStore(bytes)).toEqual(lines);
});

test('a line that is half there is left out', () => {
  expect(linesInStore(Buffer.from('{"v":1,"seq":1,"body":{}}...{"v":1,"seq":2,"bo'))).toEqual([
    '{"v":1,"seq":1,"body":{}}',
  ]);
});
