import { ok, type Result } from '@etcd-rotate/protocol';
import type { Holder } from './holders.ts';
import { runCommand } from './run-command.ts';

/** Makes a holder read its new files: by a restart or a reload, as the agent file says. */
export async function takeUp(holder: Holder): Promise<Result<void>> {
  switch (holder.kind) {
    case 'member':
      return runCommand(holder.restart);
    case 'client': {
      const command = holder.restart ?? holder.reload;
      return command ? runCommand(command) : ok(undefined);
    }
    case 'agent':
      return ok(undefined);
  }
}
