import { constants } from 'node:fs';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { readSmall } from './read-small.ts';

/** Owner and mode of a file that is replaced; new files of ours are for us alone. */
export interface Owner {
  uid: number;
  gid: number;
  mode: number;
}

/** Writes a file so that after a crash it is there whole or not at all. */
export async function writeDurably(path: string, contents: string | Uint8Array): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 });
  await replaceDurably(path, contents);
}

/** The same for a file that may belong to somebody else, and keep its time. */
export async function replaceDurably(
  path: string,
  contents: string | Uint8Array,
  as: { owner?: Owner; modified?: Date } = {},
): Promise<void> {
  const part = `${path}.part`;
  await rm(part, { force: true });
  try {
    await writeSynced(part, contents, as);
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}

/** Writes and syncs a new file in a place where nobody looks yet. */
export async function writeSynced(
  path: string,
  contents: string | Uint8Array,
  { owner, modified }: { owner?: Owner | undefined; modified?: Date | undefined } = {},
): Promise<void> {
  // Never readable by others for a moment: the mode is there before the first byte, and the file is nobody else's.
  await using file = await open(path, constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL, 0o600);
  if (owner) {
    await file.chown(owner.uid, owner.gid);
    await file.chmod(owner.mode & 0o777);
  }
  await file.writeFile(contents);
  if (modified) await file.utimes(modified, modified);
  await file.sync();
}

/** Makes renames and new names in a folder survive a power cut. */
export async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}

/** The contents of a file of ours, or nothing where it does not exist. */
export async function readIfThere(path: string): Promise<string | undefined> {
  try {
    return (await readSmall(path, 64 * 1024 * 1024)).bytes.toString();
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

export function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
