import { expect, test } from 'vitest';
import { createNkey, nkeyOf } from './nkeys.ts';

test('makes user keys as identity files and the server hold them, each time others', () => {
  const [one, other] = [createNkey(), createNkey()];
  expect(one.seed.reveal()).toMatch(/^SU[A-Z2-7]{56}$/);
  expect(one.publicKey).toMatch(/^U[A-Z2-7]{55}$/);
  expect(one.seed.reveal()).not.toBe(other.seed.reveal());
  expect(nkeyOf(one.seed)).toBe(one.publicKey);
});
