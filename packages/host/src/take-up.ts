import { ok, type Result } from '@etcd-rotate/protocol';
import type { Holder } from './holders.ts';
import { type Moment, momentNow, untilNextTick } from './moment.ts';
import { processOf } from './process-of.ts';
import { driverOf } from './restart/driver-of.ts';
import { reloadUnit } from './restart/systemd.ts';
import { runCommand } from './run-command.ts';
import type { Work } from './work.ts';

/**
 * Makes a holder read its new files: by a restart or a reload, as the agent file says.
 *
 * @returns when it was told to
 */
export async function takeUp(holder: Holder): Promise<Result<Moment>> {
  // A start in the tick of the switch could not be told from one before it.
  await untilNextTick();
  const at = await momentNow();
  const done = await commanded(holder);
  return done.ok ? ok(at) : done;
}

/** Remembers that a client has reloaded. Where that cannot be written it is not known, and it is reloaded once more. */
export async function noteReload({ node, holder }: Work, at: Moment): Promise<void> {
  const process = await processOf(holder);
  if (!process) return;
  const { pid, startTicks } = process;
  await node.state.reloads.note(holder, { pid, startTicks, at }).catch(() => undefined);
}

async function commanded(holder: Holder): Promise<Result<void>> {
  const reload = holder.kind === 'client' ? holder.reload : undefined;
  if (!reload) return driverOf(holder)?.restart() ?? ok(undefined);
  return 'systemd' in reload ? reloadUnit(reload.systemd.unit, reload.timeout) : runCommand(reload);
}
