import { ok, type Result } from '@etcd-rotate/protocol';
import type { Holder } from './holders.ts';
import { processOf } from './process-of.ts';
import { runCommand } from './run-command.ts';

/**
 * Makes a holder read its new files: by a restart or a reload, as the agent file says.
 *
 * @param ran whether it ran before the change: a client that did not, as a job between two runs, reads them at its next
 * start
 */
export async function takeUp(holder: Holder, ran: boolean): Promise<Result<void>> {
  switch (holder.kind) {
    case 'member':
      return runCommand(holder.restart);
    case 'client': {
      if (!ran && !(await processOf(holder))) return ok(undefined);
      const command = holder.restart ?? holder.reload;
      return command ? runCommand(command) : ok(undefined);
    }
    case 'agent':
      return ok(undefined);
  }
}
