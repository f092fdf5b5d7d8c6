import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { aFolder } from './folder.fixture.ts';
import { notWritable } from './not-writable.ts';

test('a folder on a read-only mount is told once; others, and one that is not there, are not', async () => {
  await using folder = await aFolder();
  const [closed, open] = [folder.at('closed'), folder.at('open')];
  await mkdir(closed);
  await mkdir(open);
  const mount = (...args: string[]) => execFileSync('mount', args, { stdio: 'pipe' });
  mount('-t', 'tmpfs', '-o', 'ro', 'tmpfs', closed);
  try {
    const found = await notWritable([closed, open, closed, folder.at('missing')]);
    expect(found.map(({ code, message }) => `${code} ${message}`)).toEqual([
      `bad-file ${closed} cannot be written by the agent: EROFS`,
    ]);
  } finally {
    execFileSync('umount', [closed], { stdio: 'pipe' });
  }
});
