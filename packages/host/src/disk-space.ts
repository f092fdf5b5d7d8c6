import { statfs } from 'node:fs/promises';
import { type Failure, fail } from '@etcd-rotate/protocol';

const MiB = 1024 * 1024;
/** For generations, copies and keys: some dozens of files of some kilobytes. */
const forFiles = 10 * MiB;
const someFiles = 200;

/** What a node writes into its state folder: copies, keys, and the snapshot where it has a member. */
export function roomForState(member: { dbBytes: number | undefined } | undefined): number {
  if (!member) return forFiles;
  // A snapshot is as long as the database; it grows a little meanwhile.
  return forFiles + Math.ceil(member.dbBytes === undefined ? 100 * MiB : 1.2 * member.dbBytes);
}

/** Folders on disks without that much room, for us and before the reserve of root, or without room for files. */
export async function withoutRoom(folders: readonly string[], bytes: number = forFiles): Promise<Failure[]> {
  const found = await Promise.all(
    [...new Set(folders)].map(async (folder) => {
      // A folder that is not there is told by whoever needs its files.
      const disk = await statfs(folder).catch(() => undefined);
      if (!disk) return [];
      const free = disk.bavail * disk.bsize;
      if (free < bytes) return [told(folder, `${inMiB(free)} MiB free, and ${inMiB(bytes)} MiB are needed`)];
      // Some file systems make room for files as they need it, and count none.
      if (disk.files > 0 && disk.ffree < someFiles) {
        return [told(folder, `room for ${disk.ffree} more files, and ${someFiles} are needed`)];
      }
      return [];
    }),
  );
  return found.flat();
}

function inMiB(bytes: number): number {
  return Math.ceil((bytes / MiB) * 10) / 10;
}

function told(folder: string, what: string): Failure {
  const hint = 'make room on that disk; copies of earlier rotations lie in `rotations` of the state folder';
  return fail('no-disk-space', `the disk of ${folder} has ${what}`, hint).failure;
}
