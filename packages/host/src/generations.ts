import { lstat, rename, rm, stat, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { replaceDurably, syncFolder } from './durable.ts';
import {
  changedAt,
  currentNumber,
  generationOf,
  type Held,
  hidden,
  lies,
  linkTarget,
  ourLinks,
  readAllHeld,
  readHeld,
  settle,
  settledAt,
  switchTo,
  writeGeneration,
} from './generation-files.ts';
import { digest, type Manifest, readManifest, replaceManifest } from './manifest.ts';
import { momentNow, type Since } from './moment.ts';

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
 * A generation holds every file that is linked through it, also one that the agent file does not name any more:
 * somebody may still use it.
 */

export interface Folder {
  path: string;
  /** Names in it that belong to slots. */
  names: readonly string[];
}

/**
 * Replaces the files of a folder by links to identical bytes. Doing it twice is doing it once.
 *
 * @param foreign what somebody else wrote since a generation of ours. Before a rotation it is taken as it is: that is
 * what was planned with. Within one it is refused.
 */
export async function adopt(
  { path, names }: Folder,
  foreign: 'taken' | 'refused' = 'refused',
): Promise<Result<void>> {
  return guarded(path, async () => {
    const number = await currentNumber(path);
    const known = number === undefined ? ok(undefined) : await readManifest(generationOf(path, number));
    if (!known.ok) return known;
    const others =
      number !== undefined && known.value && foreign === 'taken'
        ? await foreignIn({ path, names }, number, known.value)
        : [];
    const isNew = (name: string) => known.value?.sha256[name] === undefined;
    const fresh = names.filter(isNew);
    // All of them are looked at before any is touched.
    for (const name of names) {
      const fit = await mayBeLinked(path, name, { isFresh: isNew(name), isForeign: others.includes(name) });
      if (!fit.ok) return fit;
    }
    if (number === undefined || fresh.length + others.length > 0) {
      await addToGeneration(path, number, { fresh, foreign: others });
    }
    let changed = false;
    for (const name of names) changed = (await link(path, name)) || changed;
    if (changed) await syncFolder(path);
    return ok(undefined);
  });
}

export interface Replacement {
  folder: Folder;
  /** New contents by name; every other file is kept as it is, its modification time too. */
  contents: Record<string, string>;
}

/**
 * Writes a whole new generation in each folder beside the current one, then switches to them one after the other, in
 * the order given and with nothing in between: each by one rename.
 *
 * @param how who makes them, and what must be on disk before the first switch; it is told the current generations
 */
export async function install(
  replacements: readonly Replacement[],
  how: { madeBy: string; beforeSwitch(previous: Record<string, number>): Promise<void> },
): Promise<Result<void>> {
  const written: { path: string; number: number; previous: number }[] = [];
  const done = await inEach(replacements, async ({ folder, contents }) => {
    const intact = await checkIntact(folder);
    if (!intact.ok) return intact;
    const { number, manifest } = intact.value;
    // Written and switched to already, before a crash.
    if (manifest.madeBy === how.madeBy) return ok(undefined);
    const { path } = folder;
    const all = await readAllHeld(generationOf(path, number), Object.keys(manifest.sha256));
    const since = await sinceIn(path, number, manifest);
    for (const [name, text] of Object.entries(contents)) {
      const old = all.get(name);
      if (!old) return changedByOthers(`${join(path, name)} is not in our current generation`);
      all.set(name, { ...old, bytes: Buffer.from(text), modified: undefined });
      since[name] = null;
    }
    const next = { folder: path, previous: number, madeBy: how.madeBy, contents: all, since };
    written.push({ path, number: await writeGeneration(next), previous: number });
    return ok(undefined);
  });
  const [first] = written;
  if (!done.ok || !first) return discarding(written, done);
  const recorded = await guarded(first.path, async () => {
    await how.beforeSwitch(Object.fromEntries(written.map(({ path, previous }) => [path, previous])));
    return ok(undefined);
  });
  if (!recorded.ok) return discarding(written, recorded);
  return inEach(
    written.map((one) => ({ ...one, folder: { path: one.path } })),
    async ({ path, number }) => {
      await switchTo(path, number);
      return ok(undefined);
    },
  );
}

export interface Restoration {
  /** The generation to go back to. */
  number: number;
  /** What is put back; other files may have been changed by other commands since. */
  names: readonly string[];
  /** No process has read what is taken back: what lies there again is what they have loaded. */
  unread: boolean;
}

/** Puts files of an earlier generation back; it is still there whole. Doing it twice is doing it once. */
export async function restore(path: string, { number, names, unread }: Restoration): Promise<Result<void>> {
  return guarded(path, async () => {
    const current = await currentNumber(path);
    if (current === number) return ok(undefined);
    if (current === undefined) return changedByOthers(`${path} has no generation of ours`);
    const then = await wholeGeneration(path, number);
    if (!then.ok) return then;
    const now = await readManifest(generationOf(path, current));
    const linked = now.ok ? Object.keys(now.value.sha256) : await ourLinks(path);
    const differing = linked.filter((name) => !now.ok || now.value.sha256[name] !== then.value.sha256[name]);
    const back = differing.filter((name) => names.includes(name) && then.value.sha256[name] !== undefined);
    if (back.length === 0) return ok(undefined);
    const opened = Object.fromEntries(back.map((name) => [name, null]));
    const old = await sinceIn(path, number, then.value);
    if (differing.length === back.length) {
      // Where the disk is full, the files are put back all the same.
      const isNew = !unread && (await opens(path, number, { ...then.value, since: { ...old, ...opened } }));
      await switchTo(path, number, isNew);
      return ok(undefined);
    }
    // Something else was changed since: it stays as it is.
    const stays = linked.filter((name) => !back.includes(name));
    const contents = new Map([
      ...(await readAllHeld(generationOf(path, current), stays)),
      ...(await readAllHeld(generationOf(path, number), back)),
    ]);
    const since = {
      ...(now.ok ? only(await sinceIn(path, current, now.value), stays) : {}),
      ...(unread ? only(old, back) : opened),
    };
    const next = { folder: path, previous: current, madeBy: 'restored', contents, since };
    await switchTo(path, await writeGeneration(next));
    return ok(undefined);
  });
}

/**
 * Turns links into plain files again and removes what we made: for taking the agent off a node. With it goes what we noted:
 * to an agent that comes back later, each of them was written now.
 */
export async function leave({ path }: Pick<Folder, 'path'>): Promise<Result<void>> {
  return guarded(path, async () => {
    const links = await ourLinks(path);
    for (const name of links) {
      const file = join(path, name);
      const held = await readHeld(file);
      const since = await sinceOf(file);
      const modified = since instanceof Date ? held.modified : new Date(since.at);
      await replaceDurably(file, held.bytes, { owner: held.owner, ...(modified && { modified }) });
    }
    await rm(join(path, hidden), { recursive: true, force: true });
    return ok(undefined);
  });
}

/** Whether every file is still our link with the bytes that we wrote: anything else was changed by somebody else. */
export async function checkIntact(folder: Folder): Promise<Result<{ number: number; manifest: Manifest }>> {
  const { path, names } = folder;
  const number = await currentNumber(path);
  if (number === undefined) return changedByOthers(`${path} has no generation of ours`);
  const manifest = await wholeGeneration(path, number);
  if (!manifest.ok) return manifest;
  for (const name of names) {
    const file = join(path, name);
    if ((await lies(path, name)).as !== 'ours') return changedByOthers(`${file} is not our link any more`);
    if (manifest.value.sha256[name] === undefined)
      return changedByOthers(`${file} is in no generation of ours`);
  }
  return ok({ number, manifest: manifest.value });
}

/** Finishes what a crash cut off right after a switch. */
export async function settleFolder({ path }: Folder): Promise<void> {
  const number = await currentNumber(path);
  if (number !== undefined && !(await settledAt(path, number))) await settle(path, number);
}

/** What made the current generation of a folder, where there is one. */
export async function madeBy({ path }: Pick<Folder, 'path'>): Promise<string | undefined> {
  const number = await currentNumber(path);
  const manifest = number === undefined ? undefined : await readManifest(generationOf(path, number));
  return manifest?.ok ? manifest.value.madeBy : undefined;
}

/** Since when a file is seen as it is now. */
export async function sinceOf(file: string): Promise<Since> {
  const [path, name] = [dirname(file), basename(file)];
  const ours = (await lies(path, name)).as === 'ours';
  const number = ours ? await currentNumber(path) : undefined;
  const manifest = number === undefined ? undefined : await readManifest(generationOf(path, number));
  const isWritten = manifest?.ok && digest((await readHeld(file)).bytes) === manifest.value.sha256[name];
  // What somebody wrote through our link is as old as that, and not as our switch.
  const since = isWritten ? manifest.value.since[name] : undefined;
  if (since) return 'changed' in since ? new Date(since.changed) : since;
  if (since === undefined || number === undefined) return changedAt(await stat(file));
  return (await settledAt(path, number)) ?? momentNow();
}

/** Why a slot file cannot become a link of ours, if so. */
export async function oddity(file: string): Promise<string | undefined> {
  const seen = await lies(dirname(file), basename(file));
  return seen.as === 'odd' ? seen.what : undefined;
}

/**
 * Files with other bytes than we wrote: through our link, or in its place. Names count that the agent file knows no
 * more, too: a generation is whole or it is not.
 */
async function foreignIn({ path, names }: Folder, number: number, { sha256 }: Manifest): Promise<string[]> {
  const found = await Promise.all(
    Object.entries(sha256).map(async ([name, wanted]) => {
      const held = join(generationOf(path, number), name);
      const isPlain = (await lstat(held)).isFile();
      // A link in there was never written by anybody who only renews a certificate: that stays refused.
      if (!isPlain) return [];
      const replaced = names.includes(name) && (await lies(path, name)).as === 'plain';
      const { bytes } = await readHeld(replaced ? join(path, name) : held);
      return digest(bytes) === wanted ? [] : [name];
    }),
  );
  return found.flat();
}

async function mayBeLinked(
  path: string,
  name: string,
  { isFresh, isForeign }: { isFresh: boolean; isForeign: boolean },
): Promise<Result<void>> {
  const file = join(path, name);
  const seen = await lies(path, name);
  switch (seen.as) {
    case 'odd':
      return fail(
        'not-modelled',
        `${file} is ${seen.what}`,
        'name the file itself in the agent file, or make it a plain file',
      );
    case 'nothing':
      return fail('install-failed', `${file} is not there`, 'correct the path in the agent file');
    case 'ours':
      return isFresh ? changedByOthers(`${file} is a link of ours to nothing that we wrote`) : ok(undefined);
    case 'plain': {
      // Half a step before: it was copied, and not linked yet.
      const same =
        isFresh ||
        isForeign ||
        (await readHeld(file)).bytes.equals((await readHeld(join(path, hidden, 'current', name))).bytes);
      return same ? ok(undefined) : changedByOthers(`${file} is not what our current generation holds`);
    }
  }
}

/** A generation with files that were not ours yet, or are not any more, as they are. */
async function addToGeneration(
  path: string,
  current: number | undefined,
  { fresh, foreign }: { fresh: readonly string[]; foreign: readonly string[] },
): Promise<void> {
  const manifest = current === undefined ? undefined : await readManifest(generationOf(path, current));
  const old = current !== undefined && manifest?.ok ? manifest.value : undefined;
  const contents = new Map([
    ...(current !== undefined && old
      ? await readAllHeld(generationOf(path, current), Object.keys(old.sha256))
      : []),
    ...(await readAllHeld(path, fresh)),
    // What lies in the place of a link and not in the generation.
    ...(await readAllHeld(path, await plainOf(path, foreign))),
  ]);
  const known = current !== undefined && old ? await sinceIn(path, current, old) : {};
  const since = { ...known, ...asTheyAre(contents, [...fresh, ...foreign]) };
  // What made the current one did so still, where only names were added: whoever asks whether he did finds himself.
  const by = old && foreign.length === 0 ? old : { madeBy: 'adopted', previous: current };
  const next = { folder: path, previous: by.previous, madeBy: by.madeBy, contents, since };
  await switchTo(path, await writeGeneration(next));
  await syncFolder(path);
}

/** Taken over, files are no younger than they were. */
function asTheyAre(contents: ReadonlyMap<string, Held>, names: readonly string[]): Manifest['since'] {
  const held = names.flatMap((name) => {
    const one = contents.get(name);
    return one ? [[name, { changed: one.changed.toISOString() }] as const] : [];
  });
  return Object.fromEntries(held);
}

async function plainOf(path: string, names: readonly string[]): Promise<string[]> {
  const seen = await Promise.all(names.map((name) => lies(path, name)));
  return names.filter((_name, index) => seen[index]?.as === 'plain');
}

/** Puts our link in the place of a plain file with the same bytes. */
async function link(path: string, name: string): Promise<boolean> {
  if ((await lies(path, name)).as === 'ours') return false;
  const part = join(path, `${name}.part`);
  await rm(part, { force: true });
  await symlink(linkTarget(name), part);
  await rename(part, join(path, name));
  return true;
}

/** Since when each file of a generation is seen; still open where that is not known. */
async function sinceIn(path: string, number: number, { since }: Manifest): Promise<Manifest['since']> {
  const settled = await settledAt(path, number);
  return Object.fromEntries(Object.entries(since).map(([name, moment]) => [name, moment ?? settled ?? null]));
}

/** Marks files of an earlier generation as new, since they are about to be seen again. */
async function opens(path: string, number: number, manifest: Manifest): Promise<boolean> {
  try {
    await replaceManifest(generationOf(path, number), manifest);
    return true;
  } catch {
    return false;
  }
}

/** A generation whose files are all what was written into it. */
async function wholeGeneration(path: string, number: number): Promise<Result<Manifest>> {
  const folder = generationOf(path, number);
  const manifest = await readManifest(folder);
  if (!manifest.ok) return manifest;
  for (const [name, sha256] of Object.entries(manifest.value.sha256)) {
    const file = join(folder, name);
    const isPlain = await lstat(file).then(
      (seen) => seen.isFile(),
      () => false,
    );
    if (!isPlain) return changedByOthers(`${file} is gone or not a plain file`);
    if (digest((await readHeld(file)).bytes) !== sha256) {
      return changedByOthers(`${file} was written by somebody else`);
    }
  }
  return manifest;
}

/** Goes through folders until one fails. */
async function inEach<T extends { folder: Pick<Folder, 'path'> }>(
  all: readonly T[],
  work: (one: T) => Promise<Result<void>>,
): Promise<Result<void>> {
  for (const one of all) {
    const done = await guarded(one.folder.path, () => work(one));
    if (!done.ok) return done;
  }
  return ok(undefined);
}

/** Generations that are not switched to after all take room, on a disk that may be full. */
async function discarding(
  written: readonly { path: string; number: number }[],
  result: Result<void>,
): Promise<Result<void>> {
  for (const { path, number } of written) {
    await rm(generationOf(path, number), { recursive: true, force: true }).catch(() => undefined);
  }
  return result;
}

/** Turns what the file system says into a failure; what was there is still in place. */
async function guarded<T>(path: string, work: () => Promise<Result<T>>): Promise<Result<T>> {
  try {
    return await work();
  } catch (error) {
    return fail(
      'install-failed',
      `${path}: ${error instanceof Error ? error.message : String(error)}`,
      'the files that were there are in place; see that the folder exists, is writable and has room, then `rotate resume`',
    );
  }
}

function changedByOthers(what: string) {
  return fail(
    'changed-by-others',
    what,
    'find out who did it; put back what was there, or abandon the rotation and plan again',
  );
}

function only<T>(record: Record<string, T>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => names.includes(name)));
}
