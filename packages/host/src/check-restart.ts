import { readFile } from 'node:fs/promises';
import { type Failure, fail } from '@etcd-rotate/protocol';
import type { ClientHolder, MemberHolder } from './holders.ts';
import { otherListener, type Process } from './processes.ts';
import { driverOf } from './restart/driver-of.ts';

/** Why a restart of a holder would not do, or not to the process that matters, as far as it can be seen beforehand. */
export async function problemsOfRestart(
  holder: MemberHolder | ClientHolder,
  process?: Process,
): Promise<Failure[]> {
  const [found, other] = await Promise.all([
    driverOf(holder)?.problems() ?? [],
    process && holder.kind === 'member' ? otherProcess(holder, process) : [],
  ]);
  return [...found, ...other, ...(process ? await endsWithUs(holder, process) : [])];
}

/** In the same control group, systemd would end it with us: at an upgrade of ours, on every node. */
async function endsWithUs({ holder }: MemberHolder | ClientHolder, { pid }: Process): Promise<Failure[]> {
  const [theirs, ours] = await Promise.all([pid, 'self'].map(serviceOf));
  if (ours === undefined || theirs !== ours) return [];
  return [
    fail(
      'restart-unusable',
      `${holder}: its process ${pid} runs inside the agent's own service, and would be killed with it`,
      'let an init system start it, e.g. `systemd-run --unit=NAME --collect …` in the restart command; restart it that way once',
    ).failure,
  ];
}

/** The path of the control group, where it is that of a service. */
async function serviceOf(pid: number | string): Promise<string | undefined> {
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  return /^(?:0:|\d+:name=systemd):(.*\.service)$/m.exec(groups)?.[1];
}

/** A script that starts etcd, or an init of the container, is not the one whose flags and start time count. */
async function otherProcess(
  { endpoint, holder, pidFile, restart }: MemberHolder,
  { pid }: Process,
): Promise<Failure[]> {
  // A pid file is the operator's word, and by a command the process is found as the one that listens.
  if (pidFile || 'command' in restart) return [];
  const other = await otherListener(pid, endpoint);
  if (!other) return [];
  const whose = 'systemd' in restart ? restart.systemd.unit : `container ${restart.container.name}`;
  return [
    fail(
      'restart-unusable',
      `${holder}: the process of ${whose} is ${pid}, and ${other.pid} is the one that listens`,
      'let what starts etcd `exec` it; or correct `restart` or `endpoint`, or name its pid file in `process`',
    ).failure,
  ];
}
