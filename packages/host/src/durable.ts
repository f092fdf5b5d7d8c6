import { constants } from 'node:fs';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Owner and mode of a file that is replaced; new files of ours are for us alone. */
export interface Owner {
  uid: number;
  gid: number;
  mode: number;
}

/** Writes a file so that after a crash it is there whole or not at all. */
export async function writeDurably(path: string, contents: string | Uint8Array, owner?: Owner): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  const part = `${path}.part`;
  await writeSynced(part, contents, owner);
  await rename(part, path);
  await syncFolder(dirname(path));
}

/** Writes and syncs a file in a place where nobody looks yet. */
export async function writeSynced(path: string, contents: string | Uint8Array, owner?: Owner): Promise<void> {
  // Never readable by others for a moment: the mode is there before the first byte.
  const flags = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | constants.O_NOFOLLOW;
  await using file = await open(path, flags, 0o600);
  if (owner) {
    await file.chown(owner.uid, owner.gid);
    await file.chmod(owner.mode & 0o777);
  }
  await file.writeFile(contents);
  await file.sync();
}

/** Makes renames and new names in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}

/** The contents of a file, or nothing where it does not exist. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
