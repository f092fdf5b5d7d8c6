import { execFileSync } from 'node:child_process';
import { describe, expect, test } from 'vitest';
import { roomForState, withoutRoom } from './disk-space.ts';
import { aFolder } from './folder.fixture.ts';

const MiB = 1024 * 1024;

describe('a disk', () => {
  test('with room is no problem, whoever needs it twice', async () => {
    await using folder = await aFolder();
    expect(await withoutRoom([folder.path, folder.path])).toEqual([]);
  });

  test('with less room than is needed is named once for each folder, with both numbers', async () => {
    await using folder = await aFolder();
    const found = await withoutRoom([folder.path, folder.path], 2 ** 62);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({ code: 'no-disk-space', retryable: false });
    expect(found[0]?.message).toMatch(
      new RegExp(`^the disk of ${folder.path} has [\\d.]+ MiB free, and ${2 ** 42} MiB are needed$`),
    );
  });

  test('that counts files and has none left has no room either', async () => {
    await using folder = await aFolder();
    // Of a file system that counts none, nothing is missing.
    expect(await withoutRoom(['/proc'], 0)).toEqual([]);
    // In some containers not even root may mount one that counts few.
    if (!mounted(folder.path)) return;
    try {
      const [problem] = await withoutRoom([folder.path]);
      expect(problem?.message).toMatch(/has room for \d\d more files, and 200 are needed$/);
    } finally {
      execFileSync('umount', [folder.path]);
    }
  });

  test('of a folder that is not there is nobody to ask', async () => {
    await using folder = await aFolder();
    expect(await withoutRoom([folder.at('nothing')], 2 ** 62)).toEqual([]);
  });
});

test('a node with a member needs room for its snapshot, and more where its size is not known', () => {
  expect(roomForState(undefined)).toBe(10 * MiB);
  expect(roomForState({ dbBytes: undefined })).toBe(110 * MiB);
  expect(roomForState({ dbBytes: 1000 * MiB })).toBe(1210 * MiB);
});

function mounted(path: string): boolean {
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=64m,nr_inodes=50', 'tmpfs', path], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}
