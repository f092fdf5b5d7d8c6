import { readFile } from 'node:fs/promises';
import type { Process } from './processes.ts';

/**
 * A point in time by the kernel's count since boot, the one that it also stamps processes with: nobody can set it, and
 * what it says of a process is exact to a tick. A wall clock that was set would make an old process look new.
 */
export interface Moment {
  boot: string;
  ticks: number;
  /** For people. */
  at: string;
}

/** Since when a file is seen as it is: a moment, or the time of its last change where we did not put it there. */
export type Since = Moment | Date;

export async function momentNow(): Promise<Moment> {
  const [boot, ticks] = await Promise.all([bootId(), ticksNow()]);
  return { boot, ticks, at: new Date().toISOString() };
}

/** Ticks since boot, 100 a second like those in /proc/<pid>/stat. */
export async function ticksNow(): Promise<number> {
  const [seconds = ''] = (await readFile('/proc/uptime', 'utf8')).split(' ');
  return Math.round(Number(seconds) * 100);
}

/**
 * Waits for the next tick, at most a hundredth of a second: what starts in the tick in which a file began to be seen
 * cannot be told from what was started before.
 */
export async function untilNextTick(): Promise<void> {
  const first = await ticksNow();
  while ((await ticksNow()) === first);
}

/** When a process read its files: as a rule, at its start. */
export type Read = Pick<Process, 'startTicks' | 'startedAt'>;

/** A moment in the terms of a start; nothing where it was in another boot. */
export async function readAt({ boot, ticks }: Moment): Promise<Read | undefined> {
  if (boot !== (await bootId())) return undefined;
  const now = Date.now();
  const ago = ((await ticksNow()) - ticks) * 10;
  return { startTicks: ticks, startedAt: new Date(now - ago).toISOString() };
}

export function isMoment(value: unknown): value is Moment {
  const { boot, ticks, at }: Partial<Moment> = typeof value === 'object' && value !== null ? value : {};
  return typeof boot === 'string' && Number.isInteger(ticks) && typeof at === 'string';
}

/**
 * Whether a process was started after something began to be seen. Within one tick nobody can tell, and by the wall
 * clock nobody can within the error of a start time: then it was not.
 */
export async function startedSince(process: Read | undefined, since: Since): Promise<boolean> {
  if (!process) return false;
  if (since instanceof Date) return Date.parse(process.startedAt) - startError > since.getTime();
  // A process outlives no boot: one that runs now was started after all that came before this boot.
  return since.boot !== (await bootId()) || process.startTicks > since.ticks;
}

export function inWords(since: Since): string {
  return since instanceof Date ? since.toISOString() : since.at;
}

const startError = 10;

async function bootId(): Promise<string> {
  return (await readFile('/proc/sys/kernel/random/boot_id', 'utf8')).trim();
}
