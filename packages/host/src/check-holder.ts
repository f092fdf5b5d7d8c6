import { readFile, readlink, realpath } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { type Failure, fail, type ProcessSeen, type Slot, slots as slotKinds } from '@etcd-rotate/protocol';
import { type Holder, type MemberHolder, pathsOf, type SlotFiles } from './holders.ts';
import { readPair, readSlot } from './slot-files.ts';

/** What is wrong with the files of a holder, as far as this node alone can tell. */
export async function problemsOfFiles(holder: Holder): Promise<Failure[]> {
  const found = await Promise.all(
    (Object.entries(holder.slots) as [Slot, SlotFiles][]).map(async ([slot, files]) => {
      const read = slotKinds[slot].holds === 'leaf' ? await readPair(files) : await readSlot(files);
      return read.ok ? [] : [named(holder, read.failure)];
    }),
  );
  return [...found.flat(), ...sharedPaths(holder)];
}

/** One file in two slots of different kinds, or in both domains, is not what a generation can express yet. */
function sharedPaths(holder: Holder): Failure[] {
  const users = new Map<string, Slot[]>();
  for (const [slot, files] of Object.entries(holder.slots) as [Slot, SlotFiles][]) {
    for (const path of pathsOf(files)) users.set(path, [...(users.get(path) ?? []), slot]);
  }
  return [...users]
    .filter(([, used]) => used.length > 1)
    .map(
      ([path, used]) =>
        fail(
          'not-modelled',
          `${holder.holder}: ${path} is used for ${used.join(' and ')}`,
          'this version rotates files of their own for each slot: give each its own copy',
        ).failure,
    );
}

/** Whether the running member was started with the files that the agent file names, each on no mount of its own. */
export async function problemsOfProcess(
  member: MemberHolder,
  process: ProcessSeen,
  flags: Record<string, string>,
): Promise<Failure[]> {
  return [
    ...(await differingFiles(member, process, flags)),
    ...(await singleFileMounts(member, process)),
  ];
}

const flagsOf: Record<string, Partial<Record<'cert' | 'key' | 'ca', string>>> = {
  'server-leaf': { cert: 'cert-file', key: 'key-file' },
  'client-bundle': { ca: 'trusted-ca-file' },
  'peer-leaf': { cert: 'peer-cert-file', key: 'peer-key-file' },
  'peer-bundle': { ca: 'peer-trusted-ca-file' },
};

async function differingFiles(
  member: MemberHolder,
  { pid }: ProcessSeen,
  flags: Record<string, string>,
): Promise<Failure[]> {
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '/');
  const failures: Failure[] = [];
  for (const [slot, files] of Object.entries(member.slots)) {
    for (const [part, path] of Object.entries(files)) {
      const flag = flagsOf[slot]?.[part as 'cert' | 'key' | 'ca'];
      const used = flag ? flags[flag] : undefined;
      // Without its flag there is no such slot at all; core refuses that by name.
      if (!flag || !used || (await place(resolve(cwd, used))) === (await place(path))) continue;
      failures.push(
        fail(
          'slots-differ',
          `${member.holder}: etcd was started with --${flag}=${used}, the agent file says ${path}`,
          'name the file that etcd uses in the agent file',
        ).failure,
      );
    }
  }
  return failures;
}

/** Where a file lies, through links of folders but not of the file itself, which may be ours. */
async function place(path: string): Promise<string> {
  return join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path));
}

/** A file that is a mount of its own keeps its inode: a swap would not be seen (facts: etcd, section 7). */
async function singleFileMounts(member: MemberHolder, { pid }: ProcessSeen): Promise<Failure[]> {
  const table = await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => '');
  const points = new Set(table.split('\n').map((line) => line.split(' ')[4] ?? ''));
  return Object.values(member.slots)
    .flatMap(pathsOf)
    .filter((path) => points.has(path))
    .map(
      (path) =>
        fail(
          'single-file-mount',
          `${member.holder}: ${path} is mounted on its own, so that its process would not see another file there`,
          'mount the folder instead of the file',
        ).failure,
    );
}

function named({ holder }: Holder, failure: Failure): Failure {
  return { ...failure, message: `${holder}: ${failure.message}` };
}
