import type { FileHandle } from 'node:fs/promises';
import { type Entry, ok, type Result } from '@etcd-rotate/protocol';
import { changedItself, readLine, start } from './chain.ts';
import type { Found } from './journal-on.ts';
import { linesOf } from './lines-of.ts';

export interface TornLine {
  /** Its number, the first being 1. */
  line: number;
  /** How many of it were there. */
  bytes: number;
}

/**
 * Reads a journal file to its end and checks every link. What follows the last newline is cut off: it is the half of a
 * line whose writer was killed before anybody was told that it is written. Everything else that is wrong stays as it is.
 */
export async function readJournal(
  file: FileHandle,
  onTornLine?: (dropped: TornLine) => void,
): Promise<Result<Found & { bytes: number }>> {
  const found = { entries: [] as Entry[], tip: start, bytes: 0 };
  let broken: { line: Buffer; failure: Result<never> } | undefined;
  for await (const { line, complete } of linesOf(file)) {
    if (broken) return (complete && changedItself(found.tip, broken.line, line)) || broken.failure;
    if (!complete) {
      await file.truncate(found.bytes);
      await file.datasync();
      onTornLine?.({ line: found.tip.seq + 1, bytes: line.length });
      break;
    }
    const read = readLine(found.tip, line);
    if (!read.ok) {
      broken = { line, failure: read };
      continue;
    }
    found.entries.push(read.value.entry);
    found.tip = read.value.tip;
    found.bytes += line.length + 1;
  }
  return broken ? broken.failure : ok(found);
}
