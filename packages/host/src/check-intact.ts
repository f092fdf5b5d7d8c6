import { lstat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { ok, type Result } from '@etcd-rotate/protocol';
import { currentNumber, generationOf, lies, readHeld } from './generation-files.ts';
import type { Folder } from './generations.ts';
import { changedByOthers } from './guarded.ts';
import { digest, type Manifest, readManifest } from './manifest.ts';

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

/** A generation whose files are all what was written into it. */
export async function wholeGeneration(path: string, number: number): Promise<Result<Manifest>> {
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

/** Why a slot file cannot become a link of ours, if so. */
export async function oddity(file: string): Promise<string | undefined> {
  const seen = await lies(dirname(file), basename(file));
  return seen.as === 'odd' ? seen.what : undefined;
}

/** What made the current generation of a folder, where there is one. */
export async function madeBy({ path }: Pick<Folder, 'path'>): Promise<string | undefined> {
  const number = await currentNumber(path);
  const manifest = number === undefined ? undefined : await readManifest(generationOf(path, number));
  return manifest?.ok ? manifest.value.madeBy : undefined;
}
