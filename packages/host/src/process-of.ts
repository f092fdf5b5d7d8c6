import { type Failure, fail } from '@etcd-rotate/protocol';
import type { ClientHolder, Holder, MemberHolder } from './holders.ts';
import { type Process, processOfPidFile } from './processes.ts';
import { driverOf } from './restart/driver-of.ts';

/** The running process of a holder, looked up anew: as its pid file says where there is one, else as its driver does. */
export async function processOf(holder: Holder): Promise<Process | undefined> {
  const pidFile = holder.kind === 'agent' ? undefined : holder.pidFile;
  return pidFile ? processOfPidFile(pidFile) : driverOf(holder)?.process();
}

/** It is known that no process of a holder runs. A look that failed says nothing: unknown is unsafe. */
export async function isGone(holder: Holder): Promise<boolean> {
  const pidFile = holder.kind === 'agent' ? undefined : holder.pidFile;
  if (pidFile) return (await processOfPidFile(pidFile)) === undefined;
  return (await driverOf(holder)?.isGone()) ?? false;
}

/** What no process belongs to can be proven nothing of. A job between two runs looks the same, so it is refused too. */
export function clientNotFound(client: ClientHolder): Failure {
  return fail(
    'process-not-found',
    `${client.holder}: no process belongs to ${whereSought(client)}`,
    'start it, or correct the agent file; jobs that run now and then come in a later version',
  ).failure;
}

export function memberNotFound(member: MemberHolder): Failure {
  const message = `${member.holder}: no process belongs to ${whereSought(member)}`;
  return fail('process-not-found', message, 'start it, or correct the agent file').failure;
}

function whereSought(holder: MemberHolder | ClientHolder): string {
  if (holder.pidFile) return `the pid file ${holder.pidFile}`;
  const way = holder.kind === 'client' ? (holder.restart ?? holder.reload) : holder.restart;
  if (way && 'systemd' in way) return way.systemd.unit;
  if (way && 'container' in way) return `the ${way.container.engine} container ${way.container.name}`;
  return holder.kind === 'member' ? `${holder.endpoint} on this node` : 'it';
}
