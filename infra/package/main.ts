// Makes what is installed: for each kind of machine one archive, and one Debian package. The same commit gives the same
// bytes. The programs are built before (infra/built.sh).
//
//   npm run package [-- x64|arm64]   for every kind of machine, or one

import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { bundledFiles } from '../bundle.ts';
import { checksums } from './checksums.ts';
import { machines } from './machines.ts';
import { makeDeb } from './make-deb.ts';
import { makeTarball, type Release } from './make-tarball.ts';
import { nodeFor } from './node-for.ts';
import { notices } from './notices.ts';
import { systemFiles } from './system-files.ts';

const root = resolve(import.meta.dirname, '../..');
const dist = join(root, 'dist');
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };

mkdirSync(join(root, '.cache'), { recursive: true });
// What was made before stays until all of it is there.
const into = mkdtempSync(join(root, '.cache/package-'));

const [only] = process.argv.slice(2);
const wanted = machines.filter(({ node }) => only === undefined || node === only);
if (wanted.length === 0)
  throw new Error(`no package for ${only}: ${machines.map(({ node }) => node).join(', ')}`);

const apps = ['agent', 'coordinator', 'rotate'];
const files = await Promise.all(apps.map((app) => bundledFiles(join(root, 'apps', app, 'src/main.ts'))));
const licences = notices(files.flat());
const makesDebs = spawnSync('dpkg-deb', ['--version'], { stdio: 'ignore' }).status === 0;

for (const machine of wanted) {
  const node = nodeFor(machine, root);
  const release: Release = {
    root,
    version,
    machine,
    files: systemFiles(root, { node, notices: licences }),
    seconds: lastChange(),
    into,
  };
  say(makeTarball(release));
  if (makesDebs) say(makeDeb(release));
}
if (!makesDebs) console.log('no Debian packages: dpkg-deb is not installed');
writeFileSync(join(into, 'SHA256SUMS'), checksums(into));
chmodSync(into, 0o755);
rmSync(dist, { recursive: true, force: true });
renameSync(into, dist);
console.log(`in ${dist}, with SHA256SUMS`);

/** When the last commit was made; SOURCE_DATE_EPOCH is as everywhere else. */
function lastChange(): number {
  const { SOURCE_DATE_EPOCH } = process.env;
  if (SOURCE_DATE_EPOCH !== undefined) return Number(SOURCE_DATE_EPOCH);
  try {
    return Number(
      execFileSync('git', ['log', '-1', '--format=%ct'], { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] }),
    );
  } catch {
    // Not from a checkout.
    return 0;
  }
}

function say(file: string): void {
  console.log(`${basename(file)} ${(statSync(file).size / 1e6).toFixed(1)} MB`);
}
