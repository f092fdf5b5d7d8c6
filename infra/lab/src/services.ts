// The processes of a lab. Each outlives the lab that started it (a terminal's Ctrl-C reaches none of them, and a lab may
// be left running), so that the folder of services is also the list of what there is to end.

import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { until } from './until.ts';

export interface Restart {
  /** Epoch milliseconds of the SIGTERM. */
  term: number;
  /** Of the start after it; absent while the process is down. */
  start?: number;
}

export interface Service {
  readonly name: string;
  readonly pidFile: string;
  readonly logFile: string;
  readonly restartsFile: string;
  /** As an agent's restart command. */
  command(action: 'start' | 'stop' | 'restart'): string[];
  start(): Promise<void>;
  /** SIGTERM, and waits for the exit. */
  stop(): Promise<void>;
  restart(): Promise<void>;
  /** Sends a signal and, where it ends the process, waits until it has. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  pid(): number | undefined;
  log(): string;
  /** Every SIGTERM by the service script so far, oldest first. */
  restarts(): Restart[];
}

/** @param command program and arguments; started with next to no environment, as by an init system */
export function makeService(folder: string, name: string, command: string[]): Service {
  mkdirSync(join(folder, name));
  const environment = ['PATH=/usr/bin:/bin', `TMPDIR=${process.env.TMPDIR ?? '/tmp'}`];
  const words = ['exec', 'env', '-i', ...environment, ...command].map(quote);
  writeFileSync(join(folder, name, 'run'), `#!/bin/sh\n${words.join(' ')}\n`);
  return serviceOf(folder, name);
}

/** The services that a lab made in a folder, in the order in which they were made. */
export function servicesIn(folder: string): Service[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => existsSync(join(folder, name, 'run')));
  const made = (name: string): number => statSync(join(folder, name, 'run')).mtimeMs;
  return names.sort((a, b) => made(a) - made(b)).map((name) => serviceOf(folder, name));
}

const script = join(import.meta.dirname, 'service.sh');

function serviceOf(folder: string, name: string): Service {
  const here = join(folder, name);
  const file = (of: string): string => join(here, of);
  const command = (action: string): string[] => ['/bin/sh', script, folder, action, name];
  const pid = (): number | undefined => {
    const number = Number(read(file('pid')));
    return number > 0 && bornAt(number) === read(file('born')).trim() ? number : undefined;
  };
  return {
    name,
    pidFile: file('pid'),
    logFile: file('log'),
    restartsFile: file('restarts'),
    command,
    pid,
    start: () => run(command('start')),
    stop: () => run(command('stop')),
    restart: () => run(command('restart')),
    log: () => read(file('log')),
    restarts: () => restartsIn(read(file('restarts'))),
    async kill(signal = 'SIGKILL') {
      const running = pid();
      if (running === undefined) return;
      process.kill(running, signal);
      if (signal === 'SIGKILL') await until(`${name} has ended`, () => pid() === undefined);
    },
  };
}

export function restartsIn(text: string): Restart[] {
  const restarts: Restart[] = [];
  for (const line of text.split('\n')) {
    const [what, at] = line.split(' ');
    if (what === 'TERM') restarts.push({ term: Number(at) });
    const last = restarts.at(-1);
    if (what === 'START' && last && last.start === undefined) last.start = Number(at);
  }
  return restarts;
}

/** The start time of a process as in /proc, or nothing when it is gone or only waits to be reaped. */
function bornAt(pid: number): string | undefined {
  const stat = read(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return fields[0] === 'Z' || fields[0] === 'X' ? undefined : fields[19];
}

function run([program = '', ...args]: string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile(program, args, (error, _stdout, stderr) => {
      if (error) reject(new Error(`${args.join(' ')}: ${stderr.trim() || error.message}`, { cause: error }));
      else resolve();
    });
  });
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
