import { existsSync } from 'node:fs';
import { join } from 'node:path';
import about from '../../../package.json' with { type: 'json' };

const architecture = { x64: 'amd64', arm64: 'arm64' }[process.arch as 'x64' | 'arm64'];

/** What `npm run package` made for this machine's architecture: what the nodes are installed from. ETCD_ROTATE_DEB names another. */
export function packageFile(): string {
  const file =
    process.env.ETCD_ROTATE_DEB ??
    join(import.meta.dirname, `../../../dist/etcd-rotate_${about.version}_${architecture}.deb`);
  if (!existsSync(file)) throw new Error(`${file} is not there: run "npm run package"`);
  return file;
}
