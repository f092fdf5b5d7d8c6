import type { Failure } from '@etcd-rotate/protocol';
import { exitCodeOfAnswer } from './exit-codes.ts';
import type { Terminal } from './terminal.ts';

/** Says what the coordinator refused, or that it did not answer; gives the exit code. */
export function give(terminal: Terminal, failures: readonly Failure[]): number {
  terminal.fail(failures);
  return exitCodeOfAnswer(failures);
}
