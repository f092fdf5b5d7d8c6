import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import type { SlotContents } from './command.ts';
import type { EntryBody } from './entry.ts';
import { fail } from './failure.ts';
import { Secret } from './secret.ts';

const secret = new Secret('hunter2');

test('gives its value only where it is asked for', () => {
  expect(secret.reveal()).toBe('hunter2');
});

test.each([
  ['a template', `${secret}`],
  ['concatenation', `key: ${String(secret)}`],
  ['inspection', inspect({ secret }, { depth: 9, showHidden: true })],
  ['its properties', JSON.stringify(Object.entries(secret)) + Object.getOwnPropertyNames(secret)],
  ['an error', inspect(new Error('no', { cause: secret }))],
  ['a clone', inspect(structuredClone(secret))],
])('does not show in %s', (_, text) => {
  expect(text).not.toContain('hunter2');
});

test('says in text that something is kept back', () => {
  expect(`${secret}`).toBe('[secret]');
});

test('has no JSON', () => {
  expect(() => JSON.stringify({ list: [secret] })).toThrow('a secret has no JSON');
});

test('is nothing that a failure, a journal entry or a message could hold', () => {
  // @ts-expect-error a message is text
  fail('internal', secret, '');
  // @ts-expect-error and so is a hint
  fail('internal', '', secret);
  // @ts-expect-error no field of an entry takes one
  const entry: EntryBody = { type: 'lead', version: secret };
  // @ts-expect-error no field of a command takes one
  const contents: SlotContents = { chain: secret, key: 'made' };
  expect([entry, contents]).toHaveLength(2);
});
