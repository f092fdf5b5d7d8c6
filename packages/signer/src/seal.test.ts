import { randomBytes } from 'node:crypto';
import { expect, test } from 'vitest';
import { type Sealed, seal, unseal } from './seal.ts';

const key = randomBytes(32);
const sealed = seal(Buffer.from('hunter2'), key, 'header');
const flip = (base64: string) => (base64.startsWith('A') ? 'B' : 'A') + base64.slice(1);

test('gives back what was sealed', () => {
  expect(unseal(sealed, key, 'header')?.toString()).toBe('hunter2');
});

test('seals nothing too', () => {
  expect(unseal(seal(Buffer.alloc(0), key, 'header'), key, 'header')).toHaveLength(0);
});

test.each<[string, Sealed, Buffer, string]>([
  ['another key', sealed, randomBytes(32), 'header'],
  ['another header', sealed, key, 'Header'],
  ['a changed nonce', { ...sealed, nonce: flip(sealed.nonce) }, key, 'header'],
  ['a changed tag', { ...sealed, tag: flip(sealed.tag) }, key, 'header'],
  ['changed data', { ...sealed, data: flip(sealed.data) }, key, 'header'],
])('does not open with %s', (_, changed, otherKey, header) => {
  expect(unseal(changed, otherKey, header)).toBeUndefined();
});
