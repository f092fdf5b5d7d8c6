import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { binaries, type Lab } from '@etcd-rotate/lab';
import type { Ended } from './contenders.ts';
import { inventoryOf } from './inventory.ts';

/** runbook.sh on the lab's cluster, with the lab's etcdctl and cfssl. */
export async function followRunbook(lab: Lab, signal: AbortSignal): Promise<Ended> {
  const folder = join(lab.folder, 'runbook');
  mkdirSync(folder, { mode: 0o700 });
  const inventory = join(folder, 'inventory.sh');
  writeFileSync(inventory, inventoryOf(lab));
  const log = join(folder, 'log');
  const programs = [dirname(lab.etcdctlFile), dirname(binaries().cfssl)];
  const code = await run(['bash', join(import.meta.dirname, 'runbook.sh'), inventory, folder], {
    log,
    environment: { PATH: [...programs, '/usr/bin', '/bin'].join(':') },
    signal,
  });
  if (code === 0) return { outcome: 'rotated' };
  return { outcome: `exit code ${code}: ${readFileSync(log, 'utf8').trim().split('\n').at(-1)}` };
}

interface How {
  log: string;
  environment: NodeJS.ProcessEnv;
  signal: AbortSignal;
}

/** In a process group of its own: a gate that is being waited for has to end with the script. */
function run([program = '', ...args]: string[], { log, environment, signal }: How): Promise<number> {
  const output = openSync(log, 'a');
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      detached: true,
      stdio: ['ignore', output, output],
      env: environment,
    });
    closeSync(output);
    const end = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
      } catch {
        // It has just ended by itself.
      }
    };
    signal.addEventListener('abort', end);
    child.once('error', reject);
    child.once('close', (code) => {
      signal.removeEventListener('abort', end);
      resolve(code ?? -1);
    });
    if (signal.aborted) end();
  });
}
