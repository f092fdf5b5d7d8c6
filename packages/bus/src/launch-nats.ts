import { type ChildProcess, spawn } from 'node:child_process';
import { closeSync, openSync, readFileSync, writeFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { accepts } from './accepts.ts';
import { within } from './within.ts';

export interface Launched {
  readonly pid: number;
  /** Says how it ended: an exit code or a signal. */
  readonly exited: Promise<string>;
  end(): Promise<void>;
}

interface Launch {
  program: string;
  configFile: string;
  listen: string;
  pidFile: string;
  logFile: string;
}

const startMs = 10_000;
const endMs = 5000;

/** One run of nats-server, from its spawn until it takes connections. */
export async function launchNats(launch: Launch): Promise<Result<Launched>> {
  const spawned = spawnNats(launch);
  if (!spawned.ok) return spawned;
  const { child, exited } = spawned.value;
  let how: string | undefined;
  void exited.then((text) => {
    how = text;
  });
  const until = performance.now() + startMs;
  while (how === undefined && performance.now() < until) {
    if (await accepts(launch.listen)) return ok(launched(child, exited));
    await sleep(20);
  }
  if (how === undefined) await launched(child, exited).end();
  return notStarted(launch, how ?? `it did not listen on ${launch.listen} within ${startMs} ms`);
}

function spawnNats({
  program,
  configFile,
  pidFile,
  logFile,
}: Launch): Result<{ child: ChildProcess; exited: Promise<string> }> {
  let log: number;
  try {
    log = openSync(logFile, 'a', 0o600);
  } catch (error) {
    return fail(
      'bad-file',
      `the log of nats-server cannot be opened: ${String(error)}`,
      'check the state folder',
    );
  }
  try {
    // A session of its own: Ctrl-C ends the coordinator in order, and the coordinator ends the server.
    const child = spawn(program, ['-c', configFile], { stdio: ['ignore', log, log], detached: true });
    const exited = new Promise<string>((resolve) => {
      child.once('exit', (code, signal) => resolve(signal ?? `exit code ${code}`));
      child.once('error', (error) => resolve(error.message));
    });
    // The server writes it as well, but we may be killed before it does.
    if (child.pid !== undefined) writeFileSync(pidFile, `${child.pid}\n`);
    return ok({ child, exited });
  } finally {
    closeSync(log);
  }
}

function launched(child: ChildProcess, exited: Promise<string>): Launched {
  return {
    pid: child.pid ?? 0,
    exited,
    async end() {
      child.kill('SIGTERM');
      await within(endMs, exited).catch(() => child.kill('SIGKILL'));
      await exited;
    },
  };
}

function notStarted(
  { program, logFile }: Launch,
  how: string,
): { ok: false; failure: ReturnType<typeof fail>['failure'] } {
  if (/ENOENT|EACCES/.test(how)) {
    const hint =
      'install nats-server (Debian: apt-get install nats-server), or set NATS_SERVER_BIN or nats.embedded.server';
    return fail('nats-server-missing', `the program ${program} cannot be started: ${how}`, hint);
  }
  const said = lastLine(logFile);
  return fail('nats-server-missing', `${program} does not start (${how}): ${said}`, `read ${logFile}`);
}

function lastLine(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').at(-1) ?? '';
  } catch {
    return '';
  }
}
