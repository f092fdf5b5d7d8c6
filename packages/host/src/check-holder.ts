import { readFile, readlink, stat } from 'node:fs/promises';
import { basename, dirname, resolve } from 'node:path';
import type { Certificate } from '@etcd-rotate/pki';
import { type Failure, fail, type Slot, slots as slotKinds } from '@etcd-rotate/protocol';
import { oddity } from './check-intact.ts';
import { type Holder, type MemberHolder, pathsOf, type SlotFiles } from './holders.ts';
import { sharedFiles } from './shared-files.ts';
import { readPair, readSlot } from './slot-files.ts';

/**
 * What is wrong with the files of a holder, as far as this node alone can tell.
 *
 * @param all every holder of the node: a file may be somebody else's too
 */
export async function problemsOfFiles(holder: Holder, all: readonly Holder[]): Promise<Failure[]> {
  const found = await Promise.all(
    slotsOf(holder).map(async ([slot, files]) => {
      const odd = await oddFiles(files);
      if (odd.length > 0) return odd.map((failure) => named(holder, failure));
      const isLeaf = slotKinds[slot].holds === 'leaf';
      const pair = isLeaf ? await readPair(files) : undefined;
      if (pair && !pair.ok) return [named(holder, pair.failure)];
      const read = await readSlot(files);
      if (!read.ok) return [named(holder, read.failure)];
      const [leaf] = read.value;
      return isLeaf && leaf ? unknownIn(leaf, slot).map((failure) => named(holder, failure)) : [];
    }),
  );
  return [...found.flat(), ...(await sharedFiles(holder, all))];
}

/** What a leaf says and its successor would not: names are written as DNS names and addresses, usages as those of TLS. */
function unknownIn({ facts, parts }: Certificate, slot: Slot): Failure[] {
  const { otherNames } = parts.extensions;
  const others = facts.usages.filter((usage) => usage !== 'serverAuth' && usage !== 'clientAuth');
  const names = `${otherNames} subject alternative name${otherNames === 1 ? '' : 's'}`;
  return [
    ...(otherNames > 0
      ? [`${names} that ${otherNames === 1 ? 'is' : 'are'} neither DNS name nor IP address`]
      : []),
    ...(others.length > 0 ? [`the extended key usage ${others.join(', ')}`] : []),
  ].map(
    (what) =>
      fail(
        'not-modelled',
        `its ${slot} has ${what}: a new one would be without`,
        'replace the leaf by one without, or leave that holder out',
      ).failure,
  );
}

async function oddFiles(files: SlotFiles): Promise<Failure[]> {
  const found = await Promise.all(
    pathsOf(files).map(async (path) => {
      const what = await oddity(path).catch(() => undefined);
      const hint = 'name the file itself in the agent file, or make it a plain file';
      return what ? [fail('not-modelled', `${path} is ${what}`, hint).failure] : [];
    }),
  );
  return found.flat();
}

/** Whether the running member was started with the files that the agent file names, each on no mount of its own. */
export async function problemsOfProcess(
  member: MemberHolder,
  pid: number,
  flags: Record<string, string>,
): Promise<Failure[]> {
  const cwd = await readlink(`/proc/${pid}/cwd`).catch(() => '/');
  const used = slotsOf(member).flatMap(([slot, files]) =>
    Object.entries(files).flatMap(([part, path]): Used[] => {
      const flag = flagsOf[slot]?.[part as 'cert' | 'key' | 'ca'];
      const value = flag ? flags[flag] : undefined;
      // Without its flag there is no such slot at all; core refuses that by name.
      return flag && value ? [{ flag, value, inside: resolve(cwd, value), path }] : [];
    }),
  );
  const table = await readFile(`/proc/${pid}/mountinfo`, 'utf8').catch(() => undefined);
  if (table === undefined) {
    const message = `${member.holder}: the mounts of its process ${pid} cannot be read`;
    return [fail('not-modelled', message, 'the agent must run as root, on the same machine').failure];
  }
  return [...(await differingFiles(member, pid, used)), ...singleFileMounts(member, table, used)];
}

interface Used {
  flag: string;
  value: string;
  /** The path that the process was started with, in its own mounts. */
  inside: string;
  /** The path of the agent file. */
  path: string;
}

const flagsOf: Partial<Record<Slot, Partial<Record<'cert' | 'key' | 'ca', string>>>> = {
  'server-leaf': { cert: 'cert-file', key: 'key-file' },
  'client-bundle': { ca: 'trusted-ca-file' },
  'peer-leaf': { cert: 'peer-cert-file', key: 'peer-key-file' },
  'peer-bundle': { ca: 'peer-trusted-ca-file' },
};

async function differingFiles(member: MemberHolder, pid: number, used: readonly Used[]): Promise<Failure[]> {
  const checked = await Promise.all(used.map(async (one) => ({ ...one, same: await isSameFile(one, pid) })));
  return checked
    .filter(({ same }) => !same)
    .map(
      ({ flag, value, path }) =>
        fail(
          'slots-differ',
          `${member.holder}: etcd was started with --${flag}=${value}, the agent file says ${path}`,
          'name the file that etcd uses in the agent file',
        ).failure,
    );
}

/**
 * The same name in the same folder, whatever the process calls that: a container mounts it where it likes, and may have
 * another one under the name that it has here.
 */
async function isSameFile({ inside, path }: Used, pid: number): Promise<boolean> {
  if (basename(inside) !== basename(path)) return false;
  const [theirs, ours] = await Promise.all(
    [`/proc/${pid}/root${dirname(inside)}`, dirname(path)].map((folder) =>
      stat(folder).catch(() => undefined),
    ),
  );
  return theirs !== undefined && theirs.dev === ours?.dev && theirs.ino === ours.ino;
}

/** A file that is a mount of its own keeps its inode: a swap would not be seen (facts: etcd, section 7). */
function singleFileMounts({ holder }: MemberHolder, table: string, used: readonly Used[]): Failure[] {
  // Spaces and the like are written as \040.
  const unescaped = (text: string) =>
    text.replace(/\\(\d{3})/g, (_all, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)));
  const points = new Set(table.split('\n').map((line) => unescaped(line.split(' ')[4] ?? '')));
  return used
    .filter(({ inside, path }) => points.has(inside) || points.has(path))
    .map(
      ({ path }) =>
        fail(
          'single-file-mount',
          `${holder}: ${path} is mounted on its own, so that its process would not see another file there`,
          'mount the folder instead of the file',
        ).failure,
    );
}

function slotsOf(holder: Holder): [Slot, SlotFiles][] {
  return Object.entries(holder.slots) as [Slot, SlotFiles][];
}

function named({ holder }: Holder, failure: Failure): Failure {
  return { ...failure, message: `${holder}: ${failure.message}` };
}
