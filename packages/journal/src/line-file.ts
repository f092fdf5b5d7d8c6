import type { FileHandle } from 'node:fs/promises';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import type { LineStore } from './journal-on.ts';

/**
 * Appends lines to a file that is `size` bytes long, durably: all of them or none. After a failed sync nobody can know
 * what the disk has (the kernel may have dropped the pages and forgotten why), so from then on it refuses to write.
 */
export function lineFile(file: FileHandle, path: string, size: number): LineStore {
  let end = size;
  let spoilt: Result<void> | undefined;

  async function takeBack(): Promise<void> {
    await file.truncate(end);
    // Else a crash might bring back lines that their writers were told are not there.
    await file.datasync();
  }

  return {
    async write(lines) {
      if (spoilt) return spoilt;
      const bytes = Buffer.from(lines.map((line) => `${line}\n`).join(''));
      let syncing = false;
      try {
        await writeAt(file, bytes, end);
        syncing = true;
        await file.datasync();
        end += bytes.length;
        return ok(undefined);
      } catch (error) {
        const failed = notWritten(path, error);
        const takenBack = await takeBack().then(
          () => true,
          () => false,
        );
        if (syncing || !takenBack) spoilt = notWritten(path, error);
        return failed;
      }
    },
    close: () => file.close(),
  };
}

/** A write that finds the disk full may write a part, and say so only by the number of bytes. */
async function writeAt(file: FileHandle, bytes: Buffer, position: number): Promise<void> {
  for (let written = 0; written < bytes.length; ) {
    written += (await file.write(bytes, written, bytes.length - written, position + written)).bytesWritten;
  }
}

function notWritten(path: string, error: unknown): Result<void> {
  const why = error instanceof Error ? error.message : String(error);
  return fail(
    'journal-not-written',
    `the journal ${path} cannot be written: ${why}`,
    'make room on its disk, then restart the coordinator',
    true,
  );
}
