import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../..');
const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64' | 'arm64'];

/**
 * What `npm run package` made for this machine's architecture: what the nodes are installed from. ETCD_ROTATE_DEB names
 * another.
 */
export function packageFile(): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
  const file =
    process.env.ETCD_ROTATE_DEB ?? join(root, 'dist', `etcd-rotate_${version}_${architecture}.deb`);
  if (!existsSync(file)) throw new Error(`${file} is not there: run "npm run package"`);
  return file;
}
