import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { checksums } from './checksums.ts';
import { makeTree } from './tree.ts';

const work = mkdtempSync(join(tmpdir(), 'etcd-rotate-package-test-'));
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('writes checksums that sha256sum takes, until a file is another one', () => {
  const folder = join(work, 'sums');
  makeTree(folder, { 'a/b c': { text: '1' }, d: { text: '2' } }, 0);
  const sums = join(work, 'SHA256SUMS');
  writeFileSync(sums, checksums(folder));
  const verify = (): unknown =>
    execFileSync('sha256sum', ['--check', '--strict', sums], { cwd: folder, stdio: 'pipe' });
  verify();
  writeFileSync(join(folder, 'd'), '3');
  utimesSync(join(folder, 'd'), 0, 0);
  expect(verify).toThrow();
});

test('makes the same tree whatever was there, with modes and times that do not depend on who makes it', () => {
  const tree = { 'usr/bin/x': { text: 'x', mode: 0o755 }, 'etc/y': { text: 'y' } } as const;
  const before = process.umask(0o077);
  try {
    makeTree(join(work, 'tree'), tree, 1_700_000_000);
  } finally {
    process.umask(before);
  }
  const seen = (path: string): [number, number] => {
    const { mode, mtimeMs } = statSync(join(work, 'tree', path));
    return [mode & 0o777, mtimeMs];
  };
  expect(seen('usr/bin/x')).toEqual([0o755, 1_700_000_000_000]);
  expect(seen('etc/y')).toEqual([0o644, 1_700_000_000_000]);
  expect(seen('usr')).toEqual([0o755, 1_700_000_000_000]);
});

test.each(['install.sh', 'wrapper.sh', 'own-alone.sh', 'debian/postinst', 'debian/prerm', 'debian/postrm'])(
  'has %s in a language that every sh knows',
  (script) => {
    execFileSync('sh', ['-n', join(import.meta.dirname, script)], { stdio: 'pipe' });
  },
);
