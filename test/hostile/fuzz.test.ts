import { expect, test } from 'vitest';
import { fuzzOne } from './fuzz.ts';

const sample = new TextEncoder().encode('{"v":1,"id":"a","list":[1,2,3]}');

test.each([
  [
    'a byte that is not UTF-8',
    (bytes: Uint8Array) => void new TextDecoder('utf-8', { fatal: true }).decode(bytes),
  ],
  ['a message that is cut', (bytes: Uint8Array) => void JSON.parse(new TextDecoder().decode(bytes))],
  [
    'lists in lists',
    (bytes: Uint8Array) => {
      if (new TextDecoder().decode(bytes).startsWith('[[[[')) throw new RangeError('too deep');
    },
  ],
])('finds a parser that throws at %s, and says with what', async (_, read) => {
  const { found } = await fuzzOne({ name: 'one with a fault', samples: [sample], read }, 1, 5_000);
  expect(found).toContain('input (base64)');
});

test('finds nothing in a parser that throws at nothing', async () => {
  const { found, runs } = await fuzzOne(
    { name: 'a right one', samples: [sample], read: () => undefined },
    1,
    200,
  );
  expect([found, runs > 0]).toEqual([undefined, true]);
});
