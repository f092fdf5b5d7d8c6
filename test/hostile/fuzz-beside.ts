import { fork } from 'node:child_process';
import { once } from 'node:events';
import type { Fuzzed } from './fuzz.ts';

/** Fuzzes in a process of its own, so that it computes while cases wait, and its processor time is its own. */
export async function fuzzBeside(seed: number, seconds: number): Promise<Fuzzed[]> {
  const child = fork(new URL('fuzz-process.ts', import.meta.url), [String(seed), String(seconds)]);
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  let found: Fuzzed[] | undefined;
  child.on('message', (message) => {
    found = message as Fuzzed[];
  });
  const [code, signal] = await once(child, 'close');
  process.off('exit', end);
  return found ?? [{ parser: 'of all', runs: 0, found: `it ended with ${signal ?? `code ${code}`}` }];
}
