import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Whether this machine lets us mount: in some containers not even root may. */
export const mayMount = (() => {
  const path = mkdtempSync(join(tmpdir(), 'etcd-rotate-host-'));
  try {
    execFileSync('mount', ['-t', 'tmpfs', 'tmpfs', path], { stdio: 'ignore' });
    execFileSync('umount', [path]);
    return true;
  } catch {
    return false;
  } finally {
    rmdirSync(path);
  }
})();

export interface SmallDisk extends Disposable {
  /** A shell command that leaves no room on it. */
  filling: string;
  fill(): void;
  empty(): void;
}

/** A folder on a disk of its own that is soon full, with what lies in it; afterwards as it was, with what lies there then. */
export function onSmallDisk(path: string): SmallDisk {
  const aside = mkdtempSync(join(tmpdir(), 'etcd-rotate-host-'));
  const copy = (from: string, to: string) => execFileSync('cp', ['-a', `${from}/.`, to]);
  copy(path, aside);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=24m,mode=0700', 'tmpfs', path]);
  copy(aside, path);
  const fill = join(path, 'fill');
  const filling = `cat /dev/zero >${fill} 2>/dev/null || true`;
  return {
    filling,
    fill: () => void execFileSync('sh', ['-c', filling]),
    empty: () => rmSync(fill, { force: true }),
    [Symbol.dispose]: () => {
      rmSync(fill, { force: true });
      rmSync(aside, { recursive: true });
      execFileSync('cp', ['-a', `${path}/.`, aside]);
      execFileSync('umount', ['-l', path]);
      execFileSync('find', [path, '-mindepth', '1', '-delete']);
      copy(aside, path);
      rmSync(aside, { recursive: true });
    },
  };
}

/** A folder that nobody can write to. */
export function readOnly(path: string): Disposable {
  execFileSync('mount', ['--bind', path, path]);
  execFileSync('mount', ['-o', 'remount,ro,bind', path]);
  return { [Symbol.dispose]: () => void execFileSync('umount', ['-l', path]) };
}
