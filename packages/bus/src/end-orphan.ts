import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Ends the server of a coordinator that was killed: it holds our port and an older configuration. It is ours if its
 * command line names our configuration file; the pid alone may be anybody's by now.
 *
 * @returns its pid, if there was one
 */
export async function endOrphan(files: { pidFile: string; configFile: string }): Promise<number | undefined> {
  const pid = Number(await readFile(files.pidFile, 'utf8').catch(() => ''));
  const runs = (): Promise<boolean> => isOurs(pid, files.configFile);
  if (!Number.isInteger(pid) || pid <= 1 || !(await runs())) return undefined;
  kill(pid, 'SIGTERM');
  const killAt = performance.now() + 5000;
  while (await runs()) {
    if (performance.now() >= killAt) kill(pid, 'SIGKILL');
    await sleep(20);
  }
  return pid;
}

/** A zombie has an empty command line, so one that nobody waits for counts as gone. */
async function isOurs(pid: number, configFile: string): Promise<boolean> {
  const commandLine = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
  return commandLine.split('\0').includes(configFile);
}

function kill(pid: number, signal: 'SIGTERM' | 'SIGKILL'): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself in between.
  }
}
