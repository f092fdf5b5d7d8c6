import { expect, test } from 'vitest';
import { toDecimal, toHex } from './ids.ts';

test('keeps all 64 bits of an id, both ways', () => {
  expect(toHex('9857012744714355911')).toBe('88cb24dddb3284c7');
  expect(toDecimal('88cb24dddb3284c7')).toBe('9857012744714355911');
  expect(toHex('0')).toBe('0');
});
