import { cpSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Lab } from '@etcd-rotate/lab';
import type { PlannedRun } from './planned-run.ts';

const kept = resolve(import.meta.dirname, '../../.cache/chaos');

/** Keeps what tells the cause of a failed run: journal, logs, states and slot files; not etcd's data. */
export function keepEvidence(lab: Lab, { key, seed }: PlannedRun, log: readonly string[]): string {
  const folder = join(kept, `${key.replaceAll(/[^\w.]+/g, '-')}-${seed}`);
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'run.log'), `${log.join('\n')}\n`);
  cpSync(lab.folder, join(folder, 'lab'), {
    recursive: true,
    verbatimSymlinks: true,
    filter: (source) => !/\/etcd\/data$|snapshot\.db$|\/(filler|lock)$/.test(source),
  });
  return folder;
}
