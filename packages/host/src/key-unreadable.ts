import { readFile, stat } from 'node:fs/promises';
import { type Failure, fail, type Slot } from '@etcd-rotate/protocol';
import type { Holder } from './holders.ts';
import { type Passed, wayTo, wholePath } from './process-path.ts';

/**
 * Files that the user of a running process cannot read, so that its next handshake or start would fail (facts:
 * etcd, section 10). By the mode bits of the file and of every folder on the way: what access control lists or security
 * modules allow or forbid beyond them is not looked at.
 */
export async function unreadableKeys(
  holder: Holder,
  pid: number,
  flags: Readonly<Record<string, string>> = {},
): Promise<Failure[]> {
  const user = await userOf(pid);
  if (!user) return [];
  const files = (Object.entries(holder.slots) as [Slot, NonNullable<Holder['slots'][Slot]>][]).flatMap(
    ([slot, files]) =>
      ('key' in files ? (['key', 'cert'] as const) : (['ca'] as const)).flatMap((part) => {
        const path = (files as Partial<Record<typeof part, string>>)[part];
        return path === undefined ? [] : [{ part, path, inside: flags[flagsOf[slot]?.[part] ?? ''] ?? path }];
      }),
  );
  const found = await Promise.all(
    files.map(async ({ part, path, inside }) => {
      const way = await wayTo(pid, await wholePath(pid, inside)).catch(() => undefined);
      // A client in a container may have another file, or none, at that path: nothing is known of it then.
      if (!way || !(await leadsTo(way, path))) return [];
      const barrier = way.find((passed) => !mayPass(passed.stat, user));
      return barrier ? [told(holder, { pid, part, path, user, barrier })] : [];
    }),
  );
  return found.flat();
}

type Part = 'key' | 'cert' | 'ca';

const flagsOf: Partial<Record<Slot, Partial<Record<Part, string>>>> = {
  'server-leaf': { key: 'key-file', cert: 'cert-file' },
  'client-bundle': { ca: 'trusted-ca-file' },
  'peer-leaf': { key: 'peer-key-file', cert: 'peer-cert-file' },
  'peer-bundle': { ca: 'peer-trusted-ca-file' },
};

const called: Record<Part, string> = { key: 'key', cert: 'certificate', ca: 'bundle' };

export interface User {
  uid: number;
  groups: number[];
}

/** As whom a process opens files (proc(5): the last of four ids is that of the file system). */
async function userOf(pid: number): Promise<User | undefined> {
  const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '');
  const numbers = (name: string) =>
    (new RegExp(`^${name}:\\s*(.*)$`, 'm').exec(status)?.[1] ?? '').split(/\s+/).filter(Boolean).map(Number);
  const [uid, gid] = [numbers('Uid')[3], numbers('Gid')[3]];
  if (uid === undefined || gid === undefined) return undefined;
  return { uid, groups: [...new Set([gid, ...numbers('Groups')])] };
}

async function leadsTo(way: readonly Passed[], path: string): Promise<boolean> {
  const [end, ours] = [way.at(-1), await stat(path).catch(() => undefined)];
  return end?.stat.isFile() === true && end.stat.dev === ours?.dev && end.stat.ino === ours.ino;
}

type Seen = Pick<Passed['stat'], 'uid' | 'gid' | 'mode' | 'isDirectory'>;

/** Folders are entered, files are read. The first class that fits counts alone; root passes everywhere. */
export function mayPass(seen: Seen, { uid, groups }: User): boolean {
  if (uid === 0) return true;
  const shift = seen.uid === uid ? 6 : groups.includes(seen.gid) ? 3 : 0;
  return ((seen.mode >> shift) & (seen.isDirectory() ? 0o1 : 0o4)) !== 0;
}

function told(
  { holder }: Holder,
  { pid, part, path, user, barrier }: { pid: number; part: Part; path: string; user: User; barrier: Passed },
): Failure {
  const { mode, uid, gid } = barrier.stat;
  const what = barrier.stat.isDirectory() ? `enter the folder ${barrier.path}` : 'read it';
  const rights = `mode ${(mode & 0o7777).toString(8).padStart(4, '0')}, owner ${uid}, group ${gid}`;
  return fail(
    'key-unreadable',
    `${holder}: ${path} is its ${called[part]}, and its process ${pid}, of user ${user.uid} and groups ${user.groups.join(', ')}, may not ${what} (${rights})`,
    'let that user read it and enter every folder above it by owner, group and mode (chown, chmod): access control lists are not kept when a file is replaced',
  ).failure;
}
