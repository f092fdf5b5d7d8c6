import type { Stats } from 'node:fs';
import { lstat, readlink, stat } from 'node:fs/promises';
import { join, resolve } from 'node:path';

/** A path that a process was started with, as one that we can open: in its own mounts, from its own folder. */
export function asProcessSees(pid: number, path: string): string {
  return path.startsWith('/') ? `/proc/${pid}/root${path}` : `/proc/${pid}/cwd/${path}`;
}

/** The same path as the process would write it whole. */
export async function wholePath(pid: number, path: string): Promise<string> {
  return resolve(await readlink(`/proc/${pid}/cwd`).catch(() => '/'), path);
}

export interface Passed {
  /** In the mounts of the process. */
  path: string;
  stat: Stats;
}

/** As many as Linux follows in one path. */
const mostLinks = 40;

/**
 * Every folder that a process passes on its way to a file, and the file itself at the end. Links are followed in the
 * process's own root, where an absolute one means something else than in ours.
 *
 * @throws where it does not lead to anything, or cannot be looked at
 */
export async function wayTo(pid: number, path: string): Promise<Passed[]> {
  const root = `/proc/${pid}/root`;
  const passed: Passed[] = [{ path: '/', stat: await stat(root) }];
  let done: string[] = [];
  const left = parts(path);
  for (let links = 0; ; ) {
    const name = left.shift();
    if (name === undefined) return passed;
    if (name === '..') {
      done.pop();
      continue;
    }
    const at = join(root, ...done, name);
    const seen = await lstat(at);
    if (!seen.isSymbolicLink()) {
      done.push(name);
      passed.push({ path: `/${done.join('/')}`, stat: seen });
      continue;
    }
    links += 1;
    if (links > mostLinks) throw new Error(`${path} leads through more than ${mostLinks} links`);
    const to = await readlink(at);
    if (to.startsWith('/')) done = [];
    left.unshift(...parts(to));
  }
}

function parts(path: string): string[] {
  return path.split('/').filter((part) => part !== '' && part !== '.');
}
