import { expect, test } from 'vitest';
import { decode, encode } from './wire.ts';

test('reads back what it wrote, numbers beyond 32 bits included', () => {
  const message = decode(
    encode([
      [1, 'a key'],
      [2, 2 ** 40 + 3],
      [3, encode([[1, 7]])],
      [3, encode([[1, 8]])],
    ]),
  );

  expect(message.bytes(1).toString()).toBe('a key');
  expect(message.number(2)).toBe(2 ** 40 + 3);
  expect(message.messages(3).map((inner) => inner.number(1))).toEqual([7, 8]);
});

test('writes a zero, so that a field of a oneof is not lost', () => {
  expect(encode([[5, 0]])).toEqual(Buffer.from([0x28, 0x00]));
});

test('an absent field is zero or empty', () => {
  const message = decode(Buffer.alloc(0));

  expect(message.number(1)).toBe(0);
  expect(message.bytes(1)).toHaveLength(0);
  expect(message.messages(1)).toEqual([]);
});

test('refuses a message that ends in the middle of a number', () => {
  expect(() => decode(Buffer.from([0x08, 0x80]))).toThrow('ends in the middle');
});
