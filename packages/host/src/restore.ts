import { ok, type Result } from '@etcd-rotate/protocol';
import { wholeGeneration } from './check-intact.ts';
import {
  currentNumber,
  generationOf,
  ourLinks,
  readAllHeld,
  switchTo,
  writeGeneration,
} from './generation-files.ts';
import { changedByOthers, guarded } from './guarded.ts';
import { type Manifest, readManifest, replaceManifest } from './manifest.ts';
import { sinceIn } from './seen-since.ts';

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

/** Marks files of an earlier generation as new, since they are about to be seen again. */
async function opens(path: string, number: number, manifest: Manifest): Promise<boolean> {
  try {
    await replaceManifest(generationOf(path, number), manifest);
    return true;
  } catch {
    return false;
  }
}

function only<T>(record: Record<string, T>, names: readonly string[]): Record<string, T> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => names.includes(name)));
}
