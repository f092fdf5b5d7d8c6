import { createHash } from 'node:crypto';
import { chmod, chown, lstat, mkdir, readdir, readFile, readlink, rename, rm, stat, symlink, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { type Owner, readIfThere, syncFolder, writeSynced } from './durable.ts';

/*
 * How the files of a folder change together.
 *
 *   /etc/etcd/pki/server.pem     -> .etcd-rotate/current/server.pem
 *   /etc/etcd/pki/server-key.pem -> .etcd-rotate/current/server-key.pem
 *   /etc/etcd/pki/.etcd-rotate/current -> 000002
 *   /etc/etcd/pki/.etcd-rotate/000001/…   the generation before, whole
 *   /etc/etcd/pki/.etcd-rotate/000002/…   the current one
 *
 * etcd reads certificate and key anew at every handshake, so both must change in one instant: the rename of `current`.
 * Links are relative and stay inside the folder, so that they hold in a container that mounts it.
 */

const hidden = '.etcd-rotate';

export interface Folder {
  path: string;
  /** Names in it that belong to slots. */
  names: readonly string[];
}

interface Manifest {
  version: 1;
  /** What made it: a command's id, or `adopted`. */
  madeBy: string;
  previous: number;
  sha256: Record<string, string>;
}

/** Replaces the files of a folder by links to identical bytes. Doing it twice is doing it once. */
export async function adopt(folder: Folder): Promise<Result<void>> {
  return guarded(folder, async () => {
    const current = await currentNumber(folder.path);
    if (current === undefined) {
      const contents = await readAll(folder.path, folder.names);
      if (!contents.ok) return contents;
      await writeGeneration({ folder, number: 1, previous: 1, madeBy: 'adopted', contents: contents.value });
      await switchTo(folder.path, 1);
    } else {
      const missing = await addNewNames(folder, current);
      if (!missing.ok) return missing;
    }
    for (const name of folder.names) {
      const linked = await link(folder.path, name);
      if (!linked.ok) return linked;
    }
    await syncFolder(folder.path);
    return ok(undefined);
  });
}

/**
 * Writes a whole new generation beside the current one and switches to it by one rename.
 *
 * @param changes contents by name; every other file is kept as it is, its modification time too
 * @param how who makes it, and what must be done between writing and switching
 */
export async function install(
  folder: Folder,
  changes: Record<string, string>,
  how: { madeBy: string; beforeSwitch(previous: number): Promise<void> },
): Promise<Result<void>> {
  return guarded(folder, async () => {
    const intact = await checkIntact(folder);
    if (!intact.ok) return intact;
    const { number, manifest } = intact.value;
    if (manifest.madeBy === how.madeBy) return ok(undefined);
    const contents = await readAll(join(folder.path, hidden, label(number)), folder.names);
    if (!contents.ok) return contents;
    for (const [name, text] of Object.entries(changes)) {
      const old = contents.value.get(name);
      if (old) contents.value.set(name, { ...old, bytes: Buffer.from(text), modified: undefined });
    }
    const next = (await lastNumber(folder.path)) + 1;
    await writeGeneration({ folder, number: next, previous: number, madeBy: how.madeBy, contents: contents.value });
    await how.beforeSwitch(number);
    await switchTo(folder.path, next);
    await touch(folder.path, next, Object.keys(changes));
    return ok(undefined);
  });
}

/** Puts a generation back; it is still there whole. */
export async function restore(folder: Folder, number: number): Promise<Result<void>> {
  return guarded(folder, async () => {
    const current = await currentNumber(folder.path);
    if (current === number) return ok(undefined);
    await switchTo(folder.path, number);
    return ok(undefined);
  });
}

/** Turns links into plain files again and removes what we made: for taking the agent off a node. */
export async function leave(folder: Folder): Promise<Result<void>> {
  return guarded(folder, async () => {
    const current = await currentNumber(folder.path);
    if (current === undefined) return ok(undefined);
    for (const name of folder.names) {
      const path = join(folder.path, name);
      if (!(await isOurLink(folder.path, name))) continue;
      const held = await readOne(path);
      await writeSynced(`${path}.part`, held.bytes, held.owner);
      await rename(`${path}.part`, path);
    }
    await syncFolder(folder.path);
    await rm(join(folder.path, hidden), { recursive: true });
    return ok(undefined);
  });
}

/** Whether every file is still our link with the bytes that we wrote: anything else was changed by somebody else. */
export async function checkIntact(folder: Folder): Promise<Result<{ number: number; manifest: Manifest }>> {
  const number = await currentNumber(folder.path);
  if (number === undefined) return changedByOthers(`${folder.path} has no generation of ours`);
  const manifest = await readManifest(folder.path, number);
  for (const name of folder.names) {
    if (!(await isOurLink(folder.path, name))) return changedByOthers(`${join(folder.path, name)} is not our link any more`);
    const { bytes } = await readOne(join(folder.path, name));
    if (manifest.sha256[name] !== digest(bytes)) {
      return changedByOthers(`${join(folder.path, name)} was written by somebody else`);
    }
  }
  return ok({ number, manifest });
}

export async function isAdopted(path: string): Promise<boolean> {
  return (await currentNumber(path)) !== undefined;
}

interface Held {
  bytes: Buffer;
  owner: Owner;
  /** When the contents were written; new contents have none yet. */
  modified: Date | undefined;
}

interface NewGeneration {
  folder: Folder;
  number: number;
  previous: number;
  madeBy: string;
  contents: ReadonlyMap<string, Held>;
}

async function writeGeneration({ folder, number, previous, madeBy, contents }: NewGeneration): Promise<void> {
  const root = join(folder.path, hidden);
  const { uid, gid, mode } = await stat(folder.path);
  await mkdir(root, { recursive: true, mode });
  await chownFolder(root, { uid, gid, mode });
  const part = join(root, `${label(number)}.part`);
  await rm(part, { recursive: true, force: true });
  await mkdir(part, { mode });
  await chownFolder(part, { uid, gid, mode });
  const sha256: Record<string, string> = {};
  for (const [name, held] of contents) {
    await writeSynced(join(part, name), held.bytes, held.owner);
    if (held.modified) await utimes(join(part, name), held.modified, held.modified);
    sha256[name] = digest(held.bytes);
  }
  const manifest: Manifest = { version: 1, madeBy, previous, sha256 };
  await writeSynced(join(part, '.manifest.json'), JSON.stringify(manifest));
  await syncFolder(part);
  await rename(part, join(root, label(number)));
  await syncFolder(root);
}

async function chownFolder(path: string, { uid, gid, mode }: Owner): Promise<void> {
  await chown(path, uid, gid);
  await chmod(path, mode & 0o777);
}

async function switchTo(path: string, number: number): Promise<void> {
  const root = join(path, hidden);
  await rm(join(root, 'current.part'), { force: true });
  await symlink(label(number), join(root, 'current.part'));
  await rename(join(root, 'current.part'), join(root, 'current'));
  await syncFolder(root);
}

/** A file counts as written when it began to be seen: a process started before the switch has not read it. */
async function touch(path: string, number: number, names: readonly string[]): Promise<void> {
  const now = new Date();
  for (const name of names) await utimes(join(path, hidden, label(number), name), now, now);
}

async function addNewNames(folder: Folder, current: number): Promise<Result<void>> {
  const manifest = await readManifest(folder.path, current);
  const added = folder.names.filter((name) => manifest.sha256[name] === undefined);
  if (added.length === 0) return ok(undefined);
  const old = await readAll(join(folder.path, hidden, label(current)), Object.keys(manifest.sha256));
  if (!old.ok) return old;
  const fresh = await readAll(folder.path, added);
  if (!fresh.ok) return fresh;
  const next = (await lastNumber(folder.path)) + 1;
  const contents = new Map([...old.value, ...fresh.value]);
  await writeGeneration({ folder, number: next, previous: current, madeBy: 'adopted', contents });
  await switchTo(folder.path, next);
  return ok(undefined);
}

/** Puts our link in the place of a plain file with the same bytes. */
async function link(path: string, name: string): Promise<Result<void>> {
  if (await isOurLink(path, name)) return ok(undefined);
  const plain = join(path, name);
  const seen = await lstat(plain);
  if (seen.isSymbolicLink()) {
    return fail(
      'not-modelled',
      `${plain} is a symbolic link to ${await readlink(plain)}`,
      'name the file itself in the agent file, or make it a plain file',
    );
  }
  const [outside, inside] = [await readFile(plain), await readFile(join(path, hidden, 'current', name))];
  if (!outside.equals(inside)) return changedByOthers(`${plain} is not what our current generation holds`);
  await rm(`${plain}.part`, { force: true });
  await symlink(target(name), `${plain}.part`);
  await rename(`${plain}.part`, plain);
  return ok(undefined);
}

async function isOurLink(path: string, name: string): Promise<boolean> {
  const seen = await lstat(join(path, name)).catch(() => undefined);
  return seen?.isSymbolicLink() === true && (await readlink(join(path, name))) === target(name);
}

async function readAll(path: string, names: readonly string[]): Promise<Result<Map<string, Held>>> {
  const contents = new Map<string, Held>();
  for (const name of names) {
    try {
      contents.set(name, await readOne(join(path, name)));
    } catch (error) {
      return cannot(path, error);
    }
  }
  return ok(contents);
}

async function readOne(path: string): Promise<Held> {
  const { uid, gid, mode, mtime } = await stat(path);
  return { bytes: await readFile(path), owner: { uid, gid, mode }, modified: mtime };
}

async function currentNumber(path: string): Promise<number | undefined> {
  const linked = await readlink(join(path, hidden, 'current')).catch(() => undefined);
  return linked !== undefined && /^\d{6}$/.test(linked) ? Number(linked) : undefined;
}

async function lastNumber(path: string): Promise<number> {
  const names = await readdir(join(path, hidden));
  return Math.max(0, ...names.filter((name) => /^\d{6}$/.test(name)).map(Number));
}

async function readManifest(path: string, number: number): Promise<Manifest> {
  const text = await readIfThere(join(path, hidden, label(number), '.manifest.json'));
  return text ? JSON.parse(text) : { version: 1, madeBy: 'unknown', previous: number, sha256: {} };
}

/** Turns what the file system says into a failure; what was there is still in place. */
async function guarded<T>(folder: Folder, work: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await work();
  } catch (error) {
    return cannot(folder.path, error);
  }
}

function cannot(path: string, error: unknown) {
  return fail(
    'install-failed',
    `${path}: ${error instanceof Error ? error.message : String(error)}`,
    'the files that were there are in place; see that the folder exists, is writable and has room, then `rotate resume`',
  );
}

function changedByOthers(what: string) {
  return fail(
    'changed-by-others',
    what,
    'find out who did it; put back what was there, or abandon the rotation and plan again',
  );
}

const label = (number: number): string => String(number).padStart(6, '0');
const target = (name: string): string => `${hidden}/current/${name}`;
const digest = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex');
