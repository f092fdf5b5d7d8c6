import { constants } from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { lockFolder } from './folder-lock.ts';
import type { Journal } from './journal.ts';
import { journalOn } from './journal-on.ts';
import { lineFile } from './line-file.ts';
import { readJournal, type TornLine } from './read-journal.ts';

export interface FileJournalOptions {
  now: () => Date;
  /** A half-written last line was dropped: nobody was told that it was written. */
  onTornLine?: (dropped: TornLine) => void;
}

/** Opens `journal.jsonl` in `folder`, which is made when it is not there, and holds the folder's lock until disposed. */
export async function openFileJournal(folder: string, options: FileJournalOptions): Promise<Result<Journal>> {
  const lock = await lockFolder(folder);
  if (!lock.ok) return lock;
  const path = join(folder, 'journal.jsonl');
  let file: FileHandle | undefined;
  const close = async (): Promise<void> => {
    await file?.close();
    lock.value[Symbol.dispose]();
  };
  try {
    file = await open(path, constants.O_RDWR | constants.O_CREAT, 0o600);
    const read = await readJournal(file, options.onTornLine);
    if (read.ok) {
      await syncFolder(folder);
      return ok(journalOn({ ...lineFile(file, path, read.value.bytes), close }, read.value, options.now));
    }
    await close();
    return read;
  } catch (error) {
    await close();
    return fail(
      'journal-broken',
      `${path} cannot be opened: ${String(error)}`,
      'check its disk, owner and mode',
    );
  }
}

/** Else a power cut could take the new file's name, and all in it. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
