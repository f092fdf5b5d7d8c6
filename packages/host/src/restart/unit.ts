import { setTimeout as sleep } from 'node:timers/promises';
import { ok, type Result } from '@etcd-rotate/protocol';
import { inOneLine, runProgram, type Said } from './run-program.ts';

/** What systemd says of a service (org.freedesktop.systemd1(5)). */
export interface UnitSeen {
  /** Its own name, where it was asked for by an alias. */
  id: string;
  load: string;
  /** Its file was changed, and systemd has not read it since. */
  isStale: boolean;
  active: string;
  sub: string;
  /** Why it ended last: `success`, `exit-code`, `start-limit-hit`… */
  result: string;
  reloadResult: string;
  mainPid: number;
  /** How often systemd has started it again without being asked, since somebody asked. */
  restarts: number;
  /** How its main process ended: CLD_EXITED and its code, or another and its signal. */
  ended: { how: number; with: number };
  /** Another one with each start. */
  invocation: string;
  /** Something is still to be done with it. */
  hasJob: boolean;
  stopWithin: string;
  killSignal: number;
  /** Of a restart; systemd has the kill signal for it where nothing else is set. */
  restartKillSignal: number;
  /** Whether anybody may start and stop it by hand. */
  mayBeTold: boolean;
}

const properties = [
  ...['LoadState', 'NeedDaemonReload', 'ActiveState', 'SubState', 'Result', 'ReloadResult', 'MainPID'],
  ...['NRestarts', 'ExecMainCode', 'ExecMainStatus', 'InvocationID', 'Job', 'TimeoutStopUSec', 'KillSignal'],
  ...['RestartKillSignal', 'CanStart', 'CanStop', 'Id'],
];

export async function lookAtUnit(unit: string): Promise<Result<UnitSeen>> {
  const shown = await shownOf(unit);
  if (!shown.ok) return shown;
  const said = new Map(
    shown.value.out.split('\n').map((line) => {
      const [name = '', ...rest] = line.split('=');
      return [name, rest.join('=')];
    }),
  );
  const text = (name: string) => said.get(name) ?? '';
  const number = (name: string) => Number(text(name)) || 0;
  return ok({
    id: text('Id') || unit,
    load: text('LoadState'),
    isStale: text('NeedDaemonReload') === 'yes',
    active: text('ActiveState'),
    sub: text('SubState'),
    result: text('Result'),
    reloadResult: text('ReloadResult'),
    mainPid: number('MainPID'),
    restarts: number('NRestarts'),
    ended: { how: number('ExecMainCode'), with: number('ExecMainStatus') },
    invocation: text('InvocationID'),
    hasJob: !['', '0'].includes(text('Job')),
    stopWithin: text('TimeoutStopUSec'),
    killSignal: number('KillSignal'),
    restartKillSignal: number('RestartKillSignal'),
    mayBeTold: text('CanStart') !== 'no' && text('CanStop') !== 'no',
  });
}

const reexecMs = 5000;

/** While systemd executes itself anew, as after its upgrade, nobody is there to ask for a moment. */
async function shownOf(unit: string): Promise<Result<Said>> {
  const until = performance.now() + reexecMs;
  for (;;) {
    const shown = await systemctl('show', '-p', properties.join(','), '--', unit);
    if (shown.ok || /no such program/.test(shown.failure.message) || performance.now() > until) return shown;
    await sleep(100);
  }
}

/** What systemctl is asked, it answers at once: nothing waits for a job. */
const answersWithinMs = 20_000;
const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', LANG: 'C.UTF-8' };

export function systemctl(...args: string[]): Promise<Result<Said>> {
  return runProgram('systemctl', ['--no-ask-password', ...args], { timeoutMs: answersWithinMs, env });
}

const journalWithinMs = 3000;

/**
 * What the service wrote last, without what systemd says of it; nothing where the journal is not kept, or there is no
 * program to read it.
 */
export async function lastLinesOf(unit: string): Promise<string> {
  const args = [`_SYSTEMD_UNIT=${unit}`, '-n', '5', '-o', 'cat', '--no-pager', '-q'];
  const read = await runProgram('journalctl', args, { timeoutMs: journalWithinMs, env });
  return read.ok ? inOneLine(read.value.out) : '';
}
