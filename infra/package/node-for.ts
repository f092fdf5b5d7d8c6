import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Machine } from './machines.ts';
import { verifyIntegrity } from './verify-integrity.ts';

interface Lock {
  packages: Record<string, { version: string; integrity: string } | undefined>;
}

/**
 * The folder of the pinned Node for a machine. npm has put the one of this machine into infra/tools; another one is fetched
 * once, and must be what the same lock file says.
 */
export function nodeFor({ node: machine }: Machine, root: string): string {
  const tools = join(root, 'infra/tools');
  const name = `node-linux-${machine}`;
  const installed = join(tools, 'node_modules', name);
  if (existsSync(installed)) return installed;

  const lock = JSON.parse(readFileSync(join(tools, 'package-lock.json'), 'utf8')) as Lock;
  const pinned = lock.packages[`node_modules/${name}`];
  if (!pinned) throw new Error(`infra/tools/package-lock.json has no ${name}`);
  const folder = join(root, '.cache/node', `${name}-${pinned.version}`);
  if (existsSync(folder)) return folder;

  mkdirSync(join(root, '.cache/node'), { recursive: true });
  const work = mkdtempSync(join(root, '.cache/node/part-'));
  try {
    const said = execFileSync('npm', ['pack', '--json', '--silent', `${name}@${pinned.version}`], {
      cwd: work,
      encoding: 'utf8',
    });
    const [packed] = JSON.parse(said) as { filename: string }[];
    if (!packed) throw new Error(`npm has packed no ${name}`);
    const archive = join(work, packed.filename);
    verifyIntegrity(readFileSync(archive), pinned.integrity, `${name}@${pinned.version}`);
    execFileSync('tar', ['-xzf', archive, '-C', work]);
    renameSync(join(work, 'package'), folder);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
  return folder;
}
