// Ends what a lab started, also one whose owner was killed: the folder of services says what there is.

import { existsSync, readdirSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import { type Service, servicesIn } from './services.ts';
import { until } from './until.ts';

export const folderPrefix = 'etcd-rotate-lab-';
const ownerFile = 'owner';

/** Notes whose lab this is; `kept` is nobody's, and only ended by name. */
export function noteOwner(folder: string, owner: number | 'kept'): void {
  writeFileSync(join(folder, ownerFile), `${owner}\n`);
}

/** Ends every process of a lab and removes its folder. */
export async function endLab(folder: string, { keepFiles = false } = {}): Promise<void> {
  const services = servicesIn(join(folder, 'services'));
  if (services.length > 0) writeFileSync(join(folder, 'services', 'ended'), '');
  const hasOwnNats = !services.some(({ name }) => name === 'nats');
  const ofCoordinator = services.filter(({ name }) => hasOwnNats && name === 'coordinator');
  const others = services.filter((service) => !ofCoordinator.includes(service));
  // What they have on disk is thrown away, so there is nothing to end in order, apart from the coordinator, which has a
  // nats-server to end.
  await Promise.all([...others.map((service) => service.kill('SIGKILL')), ...ofCoordinator.map(endGently)]);
  endOrphans(folder);
  if (!keepFiles) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
}

/**
 * Sweeps up after labs that were killed.
 *
 * @param folder of one lab; without it, every lab of this machine whose owner is gone
 */
export async function endLeftovers(folder?: string): Promise<string[]> {
  const folders = folder === undefined ? abandoned() : existsSync(folder) ? [resolve(folder)] : [];
  for (const one of folders) {
    if (!existsSync(join(one, ownerFile))) throw new Error(`${one} is not the folder of a lab`);
    await endLab(one);
  }
  return folders;
}

function abandoned(): string[] {
  return readdirSync(tmpdir())
    .filter((name) => name.startsWith(folderPrefix))
    .map((name) => join(tmpdir(), name))
    .filter((folder) => {
      const owner = existsSync(join(folder, ownerFile))
        ? readFileSync(join(folder, ownerFile), 'utf8').trim()
        : '';
      return owner !== '' && owner !== 'kept' && !existsSync(`/proc/${owner}`);
    });
}

async function endGently(service: Service): Promise<void> {
  const patience = { within: 5_000 };
  await service.kill('SIGTERM');
  try {
    await until(`${service.name} has ended`, () => service.pid() === undefined, patience);
  } catch {
    await service.kill('SIGKILL');
  }
}

/** A coordinator that was killed leaves its nats-server, which is none of our services. */
function endOrphans(folder: string): void {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (basename(readlinkSync(`/proc/${pid}/exe`)) !== 'nats-server') continue;
      if (readFileSync(`/proc/${pid}/cmdline`, 'utf8').includes(`${folder}/`))
        process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended meanwhile, or is somebody else's.
    }
  }
}
