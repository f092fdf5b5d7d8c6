// Bundles one app, that of the current folder, into the single file its package.json names under "bin".
// Turbo runs this for every app and caches what comes out: npm run build.

import { chmodSync, readFileSync, rmSync } from 'node:fs';
import { basename, resolve } from 'node:path';
import { bundle } from './bundle.ts';

interface AppPackage {
  bin: Record<string, string>;
}

const app = process.cwd();
const { bin } = JSON.parse(readFileSync(resolve(app, 'package.json'), 'utf8')) as AppPackage;

rmSync(resolve(app, 'dist'), { recursive: true, force: true });
for (const file of Object.values(bin)) {
  const bytes = await bundle(resolve(app, 'src/main.ts'), resolve(app, file));
  chmodSync(resolve(app, file), 0o755);
  console.log(`${basename(file)} ${Math.round(bytes / 1024)} kB`);
}
