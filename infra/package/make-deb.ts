import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { filled } from './filled.ts';
import type { Release } from './make-tarball.ts';
import { makeTree } from './tree.ts';

/** The same files as a Debian package. */
export function makeDeb({ root, version, machine, files, seconds, into }: Release): string {
  const work = mkdtempSync(join(tmpdir(), 'etcd-rotate-deb-'));
  try {
    makeTree(work, files, seconds);
    const text = (name: string): string => readFileSync(join(root, 'infra/package/debian', name), 'utf8');
    const kib =
      execFileSync('du', ['-sk', '--apparent-size', work], { encoding: 'utf8' }).split('\t')[0] ?? '';
    const control = filled(text('control'), {
      VERSION: version,
      ARCHITECTURE: machine.debian,
      INSTALLED_KIB: kib,
    });
    const scripts = ['postinst', 'prerm', 'postrm'].map((name) => [
      `DEBIAN/${name}`,
      { text: text(name), mode: 0o755 as const },
    ]);
    makeTree(work, { 'DEBIAN/control': { text: control }, ...Object.fromEntries(scripts) }, seconds);
    const file = join(into, `etcd-rotate_${version}_${machine.debian}.deb`);
    // gzip: what xz makes depends on how many threads it has.
    execFileSync('dpkg-deb', ['--root-owner-group', '-Zgzip', '--build', work, file], {
      env: { ...process.env, SOURCE_DATE_EPOCH: String(seconds) },
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    return file;
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}
