import { lstat, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { syncFolder } from './durable.ts';
import {
  currentNumber,
  generationOf,
  type Held,
  hidden,
  lies,
  linkTarget,
  readAllHeld,
  readHeld,
  switchTo,
  writeGeneration,
} from './generation-files.ts';
import type { Folder } from './generations.ts';
import { changedByOthers, guarded } from './guarded.ts';
import { digest, type Manifest, readManifest } from './manifest.ts';
import { sinceIn } from './seen-since.ts';

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
