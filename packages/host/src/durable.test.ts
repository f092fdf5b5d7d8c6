import { readdirSync, statSync } from 'node:fs';
import { chmod, link, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { readIfThere, replaceDurably, writeDurably, writeSynced } from './durable.ts';
import { aFolder } from './folder.fixture.ts';

test('a file is for us alone, and so is a folder that is made for it', async () => {
  await using folder = await aFolder();
  await writeDurably(folder.at('a', 'b', 'file'), 'secret');
  expect(statSync(folder.at('a', 'b', 'file')).mode & 0o777).toBe(0o600);
  expect(statSync(folder.at('a')).mode & 0o777).toBe(0o700);
  expect(await readIfThere(folder.at('a', 'b', 'file'))).toBe('secret');
});

test('a file is replaced whole, also over what a crash left half-written', async () => {
  await using folder = await aFolder();
  await writeFile(folder.at('file.part'), 'half', { mode: 0o644 });
  await writeDurably(folder.at('file'), 'whole');
  expect(readdirSync(folder.path)).toEqual(['file']);
  expect(statSync(folder.at('file')).mode & 0o777).toBe(0o600);
});

test('owner, mode and time may be those of what was there', async () => {
  await using folder = await aFolder();
  const modified = new Date('2020-01-01T00:00:00.000Z');
  const owner = { uid: 5, gid: 6, mode: 0o100640 };
  await replaceDurably(folder.at('file'), 'x', { owner, modified });
  const { uid, gid, mode, mtime } = statSync(folder.at('file'));
  expect([uid, gid, mode & 0o777, mtime]).toEqual([5, 6, 0o640, modified]);
});

test('nothing is written through a link or into a file that somebody put in the way', async () => {
  await using folder = await aFolder();
  await writeFile(folder.at('victim'), 'untouched');
  await symlink('victim', folder.at('a.part'));
  await link(folder.at('victim'), folder.at('b.part'));
  await replaceDurably(folder.at('a'), 'x');
  await replaceDurably(folder.at('b'), 'x');
  await symlink('victim', folder.at('c'));
  await expect(writeSynced(folder.at('c'), 'x')).rejects.toThrow('EEXIST');
  expect(await readFile(folder.at('victim'), 'utf8')).toBe('untouched');
});

test('a write that fails leaves what was there, and nothing half', async () => {
  await using folder = await aFolder();
  await mkdir(folder.at('file'));
  await chmod(folder.at('file'), 0o700);
  await expect(replaceDurably(folder.at('file'), 'x')).rejects.toThrow('EISDIR');
  expect(readdirSync(folder.path)).toEqual(['file']);
});

test('a file that is not there is no file; one that cannot be read is an error', async () => {
  await using folder = await aFolder();
  expect(await readIfThere(folder.at('nothing'))).toBeUndefined();
  await expect(readIfThere(folder.path)).rejects.toThrow('not a regular file');
});
