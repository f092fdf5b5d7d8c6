import { cpSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';

/** What tests read, besides what is linked. */
const copied = [
  ...['package.json', 'tsconfig.json', 'vitest.config.ts', 'README.md'],
  ...['packages', 'apps', 'docs', 'test', join('infra', 'lab')],
];

/**
 * Copies what the unit tests of packages and apps need into an empty folder. Our own packages link to each other by relative
 * paths, so that those of the copy find each other there; everything of others is linked to where it is.
 */
export function copyWorkTree(root: string, to: string): void {
  for (const name of copied) {
    cpSync(join(root, name), join(to, name), {
      recursive: true,
      verbatimSymlinks: true,
      filter: (path) => !['dist', '.turbo'].includes(basename(path)),
    });
  }
  // The programs that some tests start.
  symlinkSync(join(root, '.cache'), join(to, '.cache'));
  const modules = join(root, 'node_modules');
  const own = join(to, 'node_modules', '@etcd-rotate');
  mkdirSync(own, { recursive: true });
  for (const name of readdirSync(modules)) {
    if (name === '@etcd-rotate' || (name.startsWith('.') && name !== '.pnpm' && name !== '.bin')) continue;
    symlinkSync(resolve(modules, name), join(to, 'node_modules', name));
  }
  for (const name of readdirSync(join(root, 'packages'))) {
    symlinkSync(join('..', '..', 'packages', name), join(own, name));
  }
}
