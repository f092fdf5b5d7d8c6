import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checksums } from './checksums.ts';
import { filled } from './filled.ts';
import type { Machine } from './machines.ts';
import { makeTree, type Tree } from './tree.ts';

export interface Release {
  root: string;
  version: string;
  machine: Machine;
  /** What is put on a machine. */
  files: Tree;
  /** All files have this time, in seconds since 1970. */
  seconds: number;
  /** Where what is made goes. */
  into: string;
}

/** The files, a script that installs them, and their checksums. */
export function makeTarball({ root, version, machine, files, seconds, into }: Release): string {
  const name = `etcd-rotate-${version}-linux-${machine.node}`;
  const work = mkdtempSync(join(tmpdir(), 'etcd-rotate-package-'));
  try {
    const folder = join(work, name);
    const template = readFileSync(join(root, 'infra/package/install.sh'), 'utf8');
    const install = filled(template, { VERSION: version, MACHINE: machine.uname });
    makeTree(
      folder,
      {
        ...Object.fromEntries(Object.entries(files).map(([path, part]) => [`root/${path}`, part])),
        'install.sh': { text: install, mode: 0o755 },
        'install.md': { copy: join(root, 'docs/install.md') },
        LICENSE: { copy: join(root, 'LICENSE') },
      },
      seconds,
    );
    makeTree(folder, { SHA256SUMS: { text: checksums(folder) } }, seconds);
    const file = join(into, `${name}.tar.gz`);
    const tar = [
      '--sort=name',
      `--mtime=@${seconds}`,
      '--owner=0',
      '--group=0',
      '--numeric-owner',
      '--format=gnu',
    ];
    execFileSync('tar', [...tar, '-C', work, '--use-compress-program=gzip -n', '-cf', file, name]);
    return file;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
