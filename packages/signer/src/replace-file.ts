import { randomBytes } from 'node:crypto';
import { open, rename, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';

const ending = '.next';

/** Whether a file says what another one is going to be. */
export function isNext(name: string): boolean {
  return name.endsWith(ending);
}

export function replacedBy(name: string): string {
  return name.slice(0, -ending.length);
}

/**
 * Replaces a file of which nothing may be left: it is overwritten where it lies before it goes. Cut off anywhere, it is
 * whole in one of the two ways: untouched as long as `announce` has not ended, and from then on whoever opens the folder
 * next finishes it.
 */
export async function replaceFile(path: string, text: string): Promise<void> {
  await announce(path, text);
  await finishReplacing(path);
}

/** Writes beside the file what it will be: the decision, on disk before anything is lost. */
export async function announce(path: string, text: string): Promise<void> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await using file = await open(draft, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
    await rename(draft, `${path}${ending}`);
  } catch (error) {
    await unlink(draft).catch(() => undefined);
    throw error;
  }
  await syncFolder(dirname(path));
}

export async function finishReplacing(path: string): Promise<void> {
  await overwrite(path);
  await rename(`${path}${ending}`, path);
  await syncFolder(dirname(path));
}

/** In place, so that the blocks that had it do not have it any more, as far as the file system and the disk keep to that. */
async function overwrite(path: string): Promise<void> {
  await using file = await open(path, 'r+');
  const { size } = await file.stat();
  await file.writeFile(randomBytes(size));
  await file.sync();
}

async function syncFolder(path: string): Promise<void> {
  await using folder = await open(path, 'r');
  await folder.sync();
}
