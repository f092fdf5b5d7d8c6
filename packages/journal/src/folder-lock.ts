import { spawn } from 'node:child_process';
import { closeSync, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '@etcd-rotate/protocol';

export interface FolderLock {
  [Symbol.dispose](): void;
}

/**
 * Holds a folder against every other process of this machine, containers that share it included, or says who does.
 *
 * The lock is the kernel's (flock on `lock` in the folder), so it ends with its holder, by kill -9 as well, and there
 * is nothing stale to judge and no race between two who judge it. Node has no flock, so the `flock` of util-linux takes
 * it on a descriptor that it shares with us: the lock belongs to the open file and stays when that program ends. Node
 * marks its own descriptors close-on-exec, so no later child keeps the lock alive. The pid in the file is for messages.
 */
export async function lockFolder(folder: string): Promise<Result<FolderLock>> {
  const file = join(folder, 'lock');
  let descriptor: number;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    // A bare descriptor: a FileHandle that nobody refers to is closed by the garbage collector, and the lock with it.
    descriptor = openSync(file, 'a+', 0o600);
  } catch (error) {
    return fail(
      'bad-file',
      `the folder ${folder} cannot be used: ${String(error)}`,
      'check owner, mode and free space',
    );
  }
  const locked = await flock(descriptor);
  if (locked === 'locked') {
    ftruncateSync(descriptor);
    writeSync(descriptor, `${process.pid}\n`);
    return ok({ [Symbol.dispose]: once(() => closeSync(descriptor)) });
  }
  closeSync(descriptor);
  return locked === 'held'
    ? held(folder, file)
    : fail('state-locked', `${folder} cannot be locked: ${locked}`, flockHint);
}

const flockHint = 'install util-linux, which has the program flock';

/** @returns `locked`, `held` by another, or why neither could be found out */
function flock(descriptor: number): Promise<string> {
  return new Promise((resolve) => {
    const child = spawn('flock', ['--exclusive', '--nonblock', '3'], {
      stdio: ['ignore', 'ignore', 'ignore', descriptor],
    });
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (code, signal) => {
      if (code === 0) resolve('locked');
      else resolve(code === 1 ? 'held' : `flock ended with ${signal ?? code}`);
    });
  });
}

function held(folder: string, file: string): { ok: false; failure: ReturnType<typeof fail>['failure'] } {
  const pid = readFileSync(file, 'utf8').trim();
  const holder = pid === '' ? 'another process' : `process ${pid}`;
  return fail(
    'state-locked',
    `${folder} is held by ${holder}`,
    `stop that process first: ps -fp ${pid || 'PID'}`,
  );
}

function once(act: () => void): () => void {
  let done = false;
  return () => {
    if (!done) act();
    done = true;
  };
}
