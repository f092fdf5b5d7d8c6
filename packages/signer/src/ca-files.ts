import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { finishReplacing, isNext, replacedBy, replaceFile } from './replace-file.ts';
import { writeNewFile } from './write-new-file.ts';

/** Where the files of CA keys lie. What is in them is sealed, so it may be anywhere. */
export interface CaFiles {
  /** For messages: the folder, or what stands for it. */
  where: string;
  /** How a person finds a file. */
  path(name: string): string;
  names(): Promise<Result<string[]>>;
  /** Undefined where there is none of that name. */
  read(name: string): Promise<Result<string | undefined>>;
  /** Whole and durable when it is ok; `exists` where there is one of that name. */
  writeNew(name: string, text: string): Promise<Result<undefined>>;
  /**
   * Puts this in the place of the file, and leaves nothing of what was there as far as that can be done. Durable when it
   * is ok; when it is not, what was there may be gone all the same. Done twice it is done once.
   */
  replace(name: string, text: string): Promise<Result<undefined>>;
}

/** Files of a folder, which is made when it is not there. */
export function caFilesIn(folder: string): CaFiles {
  const made = mkdir(folder, { recursive: true, mode: 0o700 });
  // Whoever asks first is told; nobody may have asked yet.
  made.catch(() => undefined);
  const path = (name: string): string => join(folder, name);
  return {
    where: folder,
    path,
    names: () => trying(async () => ok(await made.then(() => filesIn(folder)))),
    read: (name) =>
      trying(async () => {
        await made;
        return ok(await readFile(path(name), 'utf8').catch(orMissing));
      }),
    writeNew: (name, text) =>
      trying(async () => {
        await made;
        return writeNewFile(path(name), text);
      }),
    replace: (name, text) =>
      trying(async () => {
        await made;
        const there = await readFile(path(name), 'utf8');
        if (there !== text) await replaceFile(path(name), text);
        return ok(undefined);
      }),
  };
}

/** What was being replaced when the last process ended is replaced first. */
async function filesIn(folder: string): Promise<string[]> {
  for (const name of await readdir(folder))
    if (isNext(name)) await finishReplacing(join(folder, replacedBy(name)));
  return readdir(folder);
}

async function trying<T>(work: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return fail(
      'bad-file',
      `the folder of CA keys cannot be used: ${error.message}`,
      'check its owner and mode (0700)',
    );
  }
}

function orMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
