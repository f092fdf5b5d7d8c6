import type { Holder } from './holders.ts';
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
