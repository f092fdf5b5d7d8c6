import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const program = join(import.meta.dirname, '../test/keys-in-heap.ts');

/** What a process of its own finds in its heap, once the collector has gone through it. */
function left(...args: string[]): number {
  const said = execFileSync(process.execPath, ['--expose-gc', program, ...args], { encoding: 'utf8' });
  return (JSON.parse(said) as { left: number }).left;
}

test('no CA key stays in the heap: not of those that are held, adopted, made ahead or signed with', () => {
  expect(left()).toBe(0);
});

test('one that is kept on purpose is found', () => {
  expect(left('plant')).toBe(1);
});
