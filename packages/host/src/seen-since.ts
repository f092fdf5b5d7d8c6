import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import {
  changedAt,
  currentNumber,
  generationOf,
  lies,
  readHeld,
  settle,
  settledAt,
} from './generation-files.ts';
import type { Folder } from './generations.ts';
import { digest, type Manifest, readManifest } from './manifest.ts';
import { momentNow, type Since } from './moment.ts';

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

/** Since when each file of a generation is seen; still open where that is not known. */
export async function sinceIn(path: string, number: number, { since }: Manifest): Promise<Manifest['since']> {
  const settled = await settledAt(path, number);
  return Object.fromEntries(Object.entries(since).map(([name, moment]) => [name, moment ?? settled ?? null]));
}

/** Finishes what a crash cut off right after a switch. */
export async function settleFolder({ path }: Folder): Promise<void> {
  const number = await currentNumber(path);
  if (number !== undefined && !(await settledAt(path, number))) await settle(path, number);
}
