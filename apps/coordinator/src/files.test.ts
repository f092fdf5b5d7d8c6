import { Name } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { nameOf } from './files.ts';

test.each([
  ['control-1', 'control-1'],
  ['Control_1.example.org', 'control-1'],
  ['-x-', 'x'],
  ['', 'coordinator'],
  [`${'a'.repeat(62)}-b`, 'a'.repeat(62)],
])('host name %j makes the name %j', (host, name) => {
  expect(nameOf(host)).toBe(name);
  expect(Name.safeParse(name).success).toBe(true);
});
