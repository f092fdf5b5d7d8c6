import { execFileSync, spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type Lab, until } from '@etcd-rotate/lab';
import { patient } from './policy.ts';
import type { Fault, Scene } from './scene.ts';

/** Whose folder lies on a small disk of its own. */
export const disks = ['slot files', 'agent state', 'coordinator state'] as const;
export type DiskName = (typeof disks)[number];

/** What the checks before a rotation ask for, and a little more. */
const size = '64m';

/** The disk is full until the rotation is held or has waited long; then somebody makes room. */
export function fill(disk: DiskName): Fault {
  return onDisk(`full disk of ${disk}`, disk, (folder) => {
    const filler = join(folder, 'filler');
    takeAll(folder, filler);
    return () => rmSync(filler);
  });
}

/** The disk takes nothing until then, as after an error of its file system. */
export function setReadOnly(disk: DiskName): Fault {
  return onDisk(`read-only ${disk}`, disk, (folder) => {
    execFileSync('mount', ['-o', 'remount,ro', folder], { stdio: 'ignore' });
    return () => void execFileSync('mount', ['-o', 'remount,rw', folder], { stdio: 'ignore' });
  });
}

/** To the last block: what is left is asked for in halves, down to a page. */
function takeAll(folder: string, filler: string): void {
  const { bsize, bavail } = statfsSync(folder);
  writeFileSync(filler, '');
  let at = 0;
  for (let bytes = bavail * bsize; bytes >= bsize; bytes = Math.floor(bytes / 2)) {
    const took = spawnSync('fallocate', ['-o', String(at), '-l', String(bytes), filler], { stdio: 'ignore' });
    if (took.status === 0) at += bytes;
  }
}

export function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-rotate-mount-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder], { stdio: 'ignore' });
    execFileSync('umount', [folder], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Of a run that was interrupted: a folder that something is mounted over cannot be removed. */
export function unmountUnder(folder: string): void {
  for (const line of readFileSync('/proc/mounts', 'utf8').split('\n')) {
    const [, place = ''] = line.split(' ');
    if (place.startsWith(`${folder}/`)) spawnSync('umount', ['-l', place], { stdio: 'ignore' });
  }
}

function onDisk(name: string, disk: DiskName, spoil: (folder: string) => () => void): Fault {
  let folder = '';
  return {
    name,
    policy: patient,
    async prepare(lab, chance) {
      const member = chance.one(lab.layout.members).name;
      folder = folderOf(lab, disk, member);
      return mountedOver(folder, around(lab, disk, member));
    },
    async strike(scene) {
      const mend = spoil(folder);
      scene.say(`${name}: ${folder}`);
      await heldOrLong(scene);
      mend();
      scene.say(`${name}: put right`);
      // A coordinator that cannot write its journal ends, and its unit starts it again until it can.
      if (disk === 'coordinator state') await scene.lab.control.coordinator.start();
      return { at: Date.now() };
    },
  };
}

function folderOf({ layout }: Lab, disk: DiskName, member: string): string {
  const of = layout.members.find(({ name }) => name === member);
  if (!of) throw new Error(`no member ${member}`);
  switch (disk) {
    case 'slot files':
      return dirname(of.server.cert);
    case 'agent state':
      return of.agentState;
    case 'coordinator state':
      return layout.coordinator.state;
  }
}

interface Around {
  before(): Promise<void>;
  after(): Promise<void>;
}

/** Nobody may have a file open in a folder that something is mounted over. */
function around(lab: Lab, disk: DiskName, member: string): Around {
  const { control } = lab;
  switch (disk) {
    case 'slot files':
      return {
        before: async () => undefined,
        // Younger than the copies, or nobody would know which it has read.
        after: async () => {
          const written = Date.now();
          await until('the copies are older than the process', () => Date.now() - written > 100);
          await lab.etcd(member).restart();
          await lab.serving();
        },
      };
    case 'agent state':
      return {
        before: () => control.agent(member).stop(),
        after: async () => {
          await control.agent(member).start();
          await control.ready();
        },
      };
    case 'coordinator state':
      return {
        before: () => control.coordinator.stop(),
        after: async () => {
          await control.coordinator.start();
          await control.ready();
        },
      };
  }
}

async function mountedOver(folder: string, { before, after }: Around): Promise<AsyncDisposable> {
  const copy = mkdtempSync(join(tmpdir(), 'etcd-rotate-copy-'));
  await before();
  cpSync(folder, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  const mode = ['-o', `size=${size},mode=0700`];
  execFileSync('mount', ['-t', 'tmpfs', ...mode, 'tmpfs', folder], { stdio: 'ignore' });
  cpSync(copy, folder, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
  rmSync(copy, { recursive: true });
  await after();
  return {
    // Lazily: whoever still has a file open there is ended right after.
    [Symbol.asyncDispose]: async () => void execFileSync('umount', ['-l', folder], { stdio: 'ignore' }),
  };
}

/** Held or over, or as long as nobody can tell that anything is wrong. */
async function heldOrLong({ tail }: Scene): Promise<void> {
  const long = Date.now() + 6_000;
  const since = tail.entries.length;
  await until('held, over, or long enough', () => {
    const new_ = tail.entries.slice(since);
    return Date.now() > long || new_.some(({ body }) => body.type === 'held' || body.type === 'finished');
  });
}
