import { access, constants } from 'node:fs/promises';
import { type Failure, fail } from '@etcd-rotate/protocol';

/** Folders that we may not write into, as behind a read-only mount: that of a disk, or of the unit's own sandbox. */
export async function notWritable(folders: readonly string[]): Promise<Failure[]> {
  const found = await Promise.all(
    [...new Set(folders)].map(async (folder) => {
      const error = await access(folder, constants.W_OK).then(
        () => undefined,
        (why: NodeJS.ErrnoException) => why,
      );
      // A folder that is not there is told by whoever needs its files.
      if (!error || error.code === 'ENOENT' || error.code === 'ENOTDIR') return [];
      const hint =
        'let the agent write there; where its unit forbids it, `systemctl edit etcd-rotate-agent` with ReadWritePaths= (docs/install.md)';
      return [fail('bad-file', `${folder} cannot be written by the agent: ${error.code}`, hint).failure];
    }),
  );
  return found.flat();
}
