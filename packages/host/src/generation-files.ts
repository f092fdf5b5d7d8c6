import type { Stats } from 'node:fs';
import {
  chmod,
  lchown,
  lstat,
  mkdir,
  readdir,
  readlink,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { isMissing, type Owner, readIfThere, syncFolder, writeSynced } from './durable.ts';
import { digest, type Manifest, readManifest, writeManifest } from './manifest.ts';
import { isMoment, type Moment, momentNow } from './moment.ts';
import { readSmall } from './read-small.ts';

// The parts of generations.ts: how one is named, written, made current and read.

export const hidden = '.etcd-rotate';

/** A file as a generation keeps it. */
export interface Held {
  bytes: Buffer;
  owner: Owner;
  /** When the contents were written; new contents have none yet. */
  modified: Date | undefined;
  /** When it was last changed, which nobody can set back. */
  changed: Date;
}

export function generationOf(folder: string, number: number): string {
  return join(folder, hidden, label(number));
}

/** What a slot file points to: inside its own folder, so that it holds in a container that mounts the folder. */
export function linkTarget(name: string): string {
  return `${hidden}/current/${name}`;
}

export type Lies = { as: 'ours' | 'plain' | 'nothing' } | { as: 'odd'; what: string };

/** What lies where a slot file should: our link, a plain file, nothing, or what we do not replace. */
export async function lies(folder: string, name: string): Promise<Lies> {
  const path = join(folder, name);
  const seen = await lstat(path).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  if (!seen) return { as: 'nothing' };
  if (seen.isSymbolicLink()) {
    const to = await readlink(path);
    return to === linkTarget(name) ? { as: 'ours' } : { as: 'odd', what: `a symbolic link to ${to}` };
  }
  return seen.isFile() ? { as: 'plain' } : { as: 'odd', what: 'not a regular file' };
}

/** The names of all our links in a folder, whether the agent file still knows them or not. */
export async function ourLinks(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true });
  const links = entries.filter((entry) => entry.isSymbolicLink()).map(({ name }) => name);
  const targets = await Promise.all(links.map((name) => readlink(join(folder, name))));
  return links.filter((name, index) => targets[index] === linkTarget(name));
}

export async function readHeld(path: string): Promise<Held> {
  const { bytes, stat } = await readSmall(path);
  const { uid, gid, mode, mtime } = stat;
  return { bytes, owner: { uid, gid, mode }, modified: mtime, changed: changedAt(stat) };
}

/**
 * The later of both times. Whoever brings a file along with its modification time, as `rsync -a`, `cp -p` and tar do, makes
 * it look older than it is; the kernel's own note of the last change cannot be set. It is younger than the contents after
 * a chmod or a rename: that costs a restart at most.
 */
export function changedAt({ mtime, ctime }: Pick<Stats, 'mtime' | 'ctime'>): Date {
  return mtime > ctime ? mtime : ctime;
}

export async function readAllHeld(folder: string, names: readonly string[]): Promise<Map<string, Held>> {
  const contents = new Map<string, Held>();
  for (const name of names) contents.set(name, await readHeld(join(folder, name)));
  return contents;
}

export async function currentNumber(folder: string): Promise<number | undefined> {
  const linked = await readlink(join(folder, hidden, 'current')).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
  return linked !== undefined && isLabel(linked) ? Number(linked) : undefined;
}

export interface NewGeneration {
  folder: string;
  previous: number | undefined;
  madeBy: string;
  contents: ReadonlyMap<string, Held>;
  since: Manifest['since'];
}

/** Writes a generation whole, where nobody looks yet. One that cannot be written leaves nothing behind. */
export async function writeGeneration(next: NewGeneration): Promise<number> {
  const { folder, previous, madeBy, contents, since } = next;
  const owner = await stat(folder);
  const root = join(folder, hidden);
  await makeOwnFolder(root, owner);
  const number = (await lastNumber(folder)) + 1;
  const part = join(root, `${label(number)}.part`);
  await rm(part, { recursive: true, force: true });
  try {
    await makeOwnFolder(part, owner);
    const sha256: Record<string, string> = {};
    for (const [name, { bytes }] of contents) sha256[name] = digest(bytes);
    // Together: the file system makes one commit of many syncs.
    await Promise.all([
      ...[...contents].map(([name, held]) => writeSynced(join(part, name), held.bytes, held)),
      writeManifest(part, { version: 1, madeBy, previous: previous ?? number, sha256, since }),
    ]);
    await rename(part, generationOf(folder, number));
  } catch (error) {
    await rm(part, { recursive: true, force: true }).catch(() => undefined);
    throw error;
  }
  await Promise.all([syncFolder(generationOf(folder, number)), syncFolder(root)]);
  return number;
}

/**
 * The one rename by which all files of a folder change.
 *
 * @param isNew whether what is new in that generation is seen from now on
 */
export async function switchTo(folder: string, number: number, isNew = true): Promise<void> {
  const root = join(folder, hidden);
  await rm(join(root, 'current.part'), { force: true });
  await symlink(label(number), join(root, 'current.part'));
  await rename(join(root, 'current.part'), join(root, 'current'));
  await syncFolder(root);
  if (isNew) await settle(folder, number);
}

const seenFile = '.seen.json';

/**
 * Notes that what was about to be seen is seen from now on. It is no loss if that is lost: it counts as "only just" then,
 * and a process is rather restarted once too often. So it is not synced, and may fail.
 */
export async function settle(folder: string, number: number): Promise<void> {
  const path = join(generationOf(folder, number), seenFile);
  try {
    await rm(path, { force: true });
    await writeFile(`${path}.part`, JSON.stringify(await momentNow()), { mode: 0o600 });
    await rename(`${path}.part`, path);
  } catch {
    await rm(`${path}.part`, { force: true }).catch(() => undefined);
  }
}

/**
 * Since when the files of a generation are seen that were new with it; nothing where that is not known. The note of it is
 * not synced, so that a power cut may take it along: then it was before this boot, and so before every process that runs.
 */
export async function settledAt(folder: string, number: number): Promise<Moment | undefined> {
  return (await notedAt(folder, number)) ?? (await beforeThisBoot(folder, number));
}

async function beforeThisBoot(folder: string, number: number): Promise<Moment | undefined> {
  const manifest = await readManifest(generationOf(folder, number));
  const boot = manifest.ok ? manifest.value.boot : undefined;
  const now = await momentNow();
  if (boot === undefined || boot === now.boot) return undefined;
  return { boot, ticks: 0, at: new Date(Date.parse(now.at) - now.ticks * 10).toISOString() };
}

async function notedAt(folder: string, number: number): Promise<Moment | undefined> {
  const text = await readIfThere(join(generationOf(folder, number), seenFile)).catch(() => undefined);
  try {
    const moment: unknown = text === undefined ? undefined : JSON.parse(text);
    return isMoment(moment) ? moment : undefined;
  } catch {
    return undefined;
  }
}

/** Owner and mode of the folder that it is for; a link that somebody put in its place is not followed. */
async function makeOwnFolder(path: string, { uid, gid, mode }: Owner): Promise<void> {
  await mkdir(path, { mode: mode & 0o777 }).catch((error: unknown) => {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
  });
  if (!(await lstat(path)).isDirectory()) throw new Error(`${path} is not a folder`);
  await lchown(path, uid, gid);
  await chmod(path, mode & 0o777);
}

async function lastNumber(folder: string): Promise<number> {
  const names = await readdir(join(folder, hidden));
  return Math.max(0, ...names.filter(isLabel).map(Number));
}

const isLabel = (name: string): boolean => /^\d{6}$/.test(name);
const label = (number: number): string => String(number).padStart(6, '0');
