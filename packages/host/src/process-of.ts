import { type Failure, fail } from '@etcd-rotate/protocol';
import type { ClientHolder, Holder } from './holders.ts';
import { type Process, processListeningOn, processOfPidFile } from './processes.ts';

/** The running process of a holder, looked up anew. */
export async function processOf(holder: Holder): Promise<Process | undefined> {
  switch (holder.kind) {
    case 'member':
      return holder.pidFile ? processOfPidFile(holder.pidFile) : processListeningOn(holder.endpoint);
    case 'client':
      return processOfPidFile(holder.pidFile);
    case 'agent':
      return undefined;
  }
}

/** What no process belongs to can be proven nothing of. A job between two runs looks the same, so it is refused too. */
export function clientNotFound({ holder, pidFile }: ClientHolder): Failure {
  return fail(
    'process-not-found',
    `${holder}: no process belongs to the pid file ${pidFile}`,
    'start it, or correct `process` in the agent file; jobs that run now and then come in a later version',
  ).failure;
}
