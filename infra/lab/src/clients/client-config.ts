// What the processes of the load are told, and what they tell. They share no memory with the lab: a file each way.

import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { ClientFiles } from '../grpc/dial.ts';

export interface ClientConfig {
  endpoints: string[];
  files: ClientFiles;
  /** Keys are this, a slash and a sequence number. */
  prefix: string;
  perSecond: number;
  /** Written several times a second. */
  statusFile: string;
  /** Written once, after SIGTERM. */
  reportFile: string;
  /** The reload command writes one word here before SIGHUP, and waits for it in the other. */
  reloadRequest: string;
  reloadAnswer: string;
}

/** A sequence number and the revision at which its key was made. */
export type Numbered = [sequence: number, revision: number];

export interface WriterStatus {
  at: number;
  connected: string[];
  away: Record<string, string>;
  tried: number;
  acknowledged: number;
  failed: number;
}

export interface WriterReport {
  /** From the first attempt to the last answer. */
  seconds: number;
  tried: number;
  /** Needed more than one attempt, or had to wait for a connection. */
  retried: number;
  failed: { sequence: number; at: string; errors: string[] }[];
  /** Acknowledged, and not there when all was read back. */
  lost: number[];
  longestStallMs: number;
  /** When the longest stall began, in epoch milliseconds. */
  longestStallAt: number;
  reloads: number;
  acknowledged: Numbered[];
  /** How often each error was met, whether or not a retry helped. */
  errors: Record<string, number>;
}

export interface WatcherStatus {
  at: number;
  connected: string[];
  away: Record<string, string>;
  watching: string | undefined;
  seen: number;
}

export interface WatcherReport {
  /** In the order in which they came. */
  seen: Numbered[];
  /** Events of a revision that was not newer than the one before. */
  outOfOrder: number;
  /** How often the watch was taken up again, and why. */
  resumed: number;
  reasons: Record<string, number>;
  reloads: number;
}

export function readClientConfig(): ClientConfig {
  const [, , file = ''] = process.argv;
  return JSON.parse(readFileSync(file, 'utf8')) as ClientConfig;
}

export function keyOf(prefix: string, sequence: number): string {
  return `${prefix}/${String(sequence).padStart(9, '0')}`;
}

/** All keys of a prefix: from the slash up to the character after it. */
export function rangeOf(prefix: string): { from: string; to: string } {
  return { from: `${prefix}/`, to: `${prefix}0` };
}

/** Whole or not at all: readers poll these files. */
export function writeJson(file: string, value: unknown): void {
  writeText(file, `${JSON.stringify(value)}\n`);
}

export function writeText(file: string, text: string): void {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
}

export function count(counts: Record<string, number>, what: string): void {
  counts[what] = (counts[what] ?? 0) + 1;
}
