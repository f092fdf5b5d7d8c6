import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Result } from '@etcd-rotate/protocol';
import { checkIntact } from './check-intact.ts';
import { generationOf, readAllHeld, switchTo, writeGeneration } from './generation-files.ts';
import { changedByOthers, guarded } from './guarded.ts';
import { sinceIn } from './seen-since.ts';

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
