import { type Failure, leastGraceMs, type Restart } from '@etcd-rotate/protocol';
import { type Holder, pathsOf } from '../holders.ts';
import { commandDriver } from './command.ts';
import { containerDriver } from './container.ts';
import type { RestartDriver } from './driver.ts';
import { systemdDriver } from './systemd.ts';

/** What starts and stops a holder, and says which process it is, as its agent file has it. Nobody restarts the agent's own client. */
export function driverOf(holder: Holder): RestartDriver | undefined {
  const how = wayOf(holder);
  if (how === undefined) return undefined;
  if ('command' in how) return commandDriver(how, holder.kind === 'member' ? holder.endpoint : undefined);
  const driven = {
    holder: holder.holder,
    leastGraceMs: holder.kind === 'member' ? leastGraceMs : 0,
    paths: Object.values(holder.slots).flatMap(pathsOf),
  };
  return 'systemd' in how ? systemdDriver(how, driven) : containerDriver(how, driven);
}

/** Why a holder will not run by itself any more since its restart, where its driver can tell. */
export async function faultOf(holder: Holder): Promise<Failure | undefined> {
  return driverOf(holder)?.fault();
}

/** Of a client that only reloads, the same service says which process it is. */
function wayOf(holder: Holder): Restart | undefined {
  switch (holder.kind) {
    case 'member':
      return holder.restart;
    case 'client':
      return holder.restart ?? holder.reload;
    case 'agent':
      return undefined;
  }
}
