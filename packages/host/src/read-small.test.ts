import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { aFolder } from './folder.fixture.ts';
import { readSmall } from './read-small.ts';

test('reads neither devices nor pipes, and waits for nobody', async () => {
  await using folder = await aFolder();
  execFileSync('mkfifo', [folder.at('pipe')]);
  await expect(readSmall(folder.at('pipe'))).rejects.toThrow('not a regular file');
  await expect(readSmall('/dev/zero')).rejects.toThrow('not a regular file');
  await expect(readSmall(folder.path)).rejects.toThrow('not a regular file');
});

test('reads no more than such a file may have', async () => {
  await using folder = await aFolder();
  await writeFile(folder.at('file'), 'x'.repeat(101));
  expect((await readSmall(folder.at('file'), 101)).bytes.length).toBe(101);
  await expect(readSmall(folder.at('file'), 100)).rejects.toThrow('has 101 bytes, more than 100');
});
