import { execFile } from 'node:child_process';
import { chmod, rm, writeFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { leastGraceMs } from '@etcd-rotate/protocol';
import { aFolder, type TestFolder } from '../folder.fixture.ts';
import type { Subject } from './contract.fixture.ts';
import { systemdDriver } from './systemd.ts';

const run = promisify(execFile);

/** What a service does: it lives, or it ends right after it has told systemd that it is ready, as etcd does without its key. */
const script = `#!/bin/sh
cd "$(dirname "$0")" || exit 1
mode=$(cat mode)
[ "$mode" = lingers ] && trap 'sleep 1; exit 0' TERM
[ -n "$NOTIFY_SOCKET" ] && systemd-notify --ready
case $mode in
  lives) exec sleep 600 ;;
  dies) echo "KeyFile and CertFile must both be present" >&2; exit 1 ;;
  ends) exit 0 ;;
  lingers) while :; do sleep 0.05; done ;;
esac
`;

type Mode = 'lives' | 'dies' | 'ends' | 'lingers';

export interface TestUnit extends Subject, TestFolder {
  unit: string;
  is(mode: Mode): Promise<void>;
  /** As somebody else, by hand. */
  systemctl(...args: string[]): Promise<string>;
}

let count = 0;

/** A service of this machine's systemd, started, and gone after the test. */
export async function aUnit({
  lines = [],
  mode = 'lives',
  starts = true,
  // Above what a service has to stop, unless its unit says otherwise.
  timeout = 120_000,
  graceMs = leastGraceMs,
  program = script,
}: {
  lines?: string[];
  mode?: Mode;
  starts?: boolean;
  timeout?: number;
  graceMs?: number;
  program?: string;
} = {}): Promise<TestUnit> {
  count += 1;
  const folder = await aFolder();
  const unit = `etcd-rotate-test-${process.pid}-${count}.service`;
  const file = `/run/systemd/system/${unit}`;
  await writeFile(folder.at('program'), program);
  await chmod(folder.at('program'), 0o755);
  const is = (next: Mode) => writeFile(folder.at('mode'), next);
  await is(mode);
  const isNotify = !lines.some((line) => line.startsWith('Type='));
  const text = [
    '[Service]',
    ...(isNotify ? ['Type=notify', 'NotifyAccess=all'] : []),
    `ExecStart=${folder.at('program')}`,
    ...lines,
  ];

  await writeFile(file, `${text.join('\n')}\n`);
  const systemctl = async (...args: string[]) => (await run('systemctl', args)).stdout;
  await systemctl('daemon-reload');
  if (starts) await systemctl('start', unit);
  return {
    ...folder,
    unit,
    is,
    systemctl,
    driver: systemdDriver(
      { systemd: { unit }, timeout },
      { holder: 'member/m1', leastGraceMs: graceMs, paths: [] },
    ),
    stop: async () => void (await systemctl('stop', unit)),
    [Symbol.asyncDispose]: async () => {
      await rm(file, { force: true });
      await systemctl('kill', '--signal=SIGKILL', unit).catch(() => undefined);
      await systemctl('stop', unit).catch(() => undefined);
      await systemctl('daemon-reload');
      await systemctl('reset-failed', unit).catch(() => undefined);
      await folder[Symbol.asyncDispose]();
    },
  };
}
