import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { readIfThere, replaceDurably, writeSynced } from './durable.ts';
import { type Moment, momentNow } from './moment.ts';

/** What a generation is: beside its files, and written with them. */
export interface Manifest {
  version: 1;
  /** What made it: a command's id, or `adopted`. */
  madeBy: string;
  /** The generation that was current before. */
  previous: number;
  sha256: Record<string, string>;
  /**
   * Since when each file is seen with these contents. `null` for what is new with this generation: since it was switched
   * to. What others put there is as old as they left it: our copy of it is younger.
   */
  since: Record<string, Moment | Changed | null>;
  /** The boot in which it was made, and so the one in which it was switched to. */
  boot?: string;
}

/** The last change of a file that we only took over. */
export interface Changed {
  changed: string;
}

const name = '.manifest.json';

/** @param generation the folder of one */
export async function readManifest(generation: string): Promise<Result<Manifest>> {
  const path = join(generation, name);
  const text = await readIfThere(path);
  const manifest = text === undefined ? undefined : parsed(text);
  if (manifest) return ok(manifest);
  return fail(
    'changed-by-others',
    `${path} is ${text === undefined ? 'missing' : 'damaged'}`,
    'see that the files are what they should be; `etcd-rotate-agent leave` makes plain files of them, then plan again',
  );
}

export async function writeManifest(generation: string, manifest: Manifest): Promise<void> {
  await writeSynced(join(generation, name), await inThisBoot(manifest));
}

export async function replaceManifest(generation: string, manifest: Manifest): Promise<void> {
  await replaceDurably(join(generation, name), await inThisBoot(manifest));
}

async function inThisBoot(manifest: Manifest): Promise<string> {
  return JSON.stringify({ ...manifest, boot: (await momentNow()).boot });
}

export function digest(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function parsed(text: string): Manifest | undefined {
  try {
    const manifest: Partial<Manifest> | null = JSON.parse(text);
    const { version, madeBy, previous, sha256, since } = manifest ?? {};
    const isOne = version === 1 && typeof madeBy === 'string' && Number.isInteger(previous);
    return isOne && isRecord(sha256) && isRecord(since) ? (manifest as Manifest) : undefined;
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
