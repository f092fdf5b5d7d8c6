import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { Secret } from './secret.ts';

const secret = new Secret('hunter2');

test('gives its value only where it is asked for', () => {
  expect(secret.reveal()).toBe('hunter2');
});

test.each([
  ['a template', `${secret}`],
  ['concatenation', `key: ${String(secret)}`],
  ['JSON', JSON.stringify({ secret, list: [secret] })],
  ['inspection', inspect({ secret }, { depth: 9, showHidden: true })],
  ['its properties', JSON.stringify(Object.entries(secret)) + Object.getOwnPropertyNames(secret)],
  ['an error', inspect(new Error('no', { cause: secret }))],
  ['a clone', inspect(structuredClone(secret))],
])('does not show in %s', (_, text) => {
  expect(text).not.toContain('hunter2');
});

test('says in text that something is kept back', () => {
  expect(JSON.stringify({ key: secret })).toBe('{"key":"[secret]"}');
});
