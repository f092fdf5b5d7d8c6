import { ok, type Result } from '@etcd-rotate/protocol';
import { readLine, start } from './chain.ts';
import type { Journal } from './journal.ts';
import { type Found, journalOn } from './journal-on.ts';

export interface MemoryJournalOptions {
  now: () => Date;
  /** The lines so far, and where new ones go: opening it with the same array again is a restart. */
  lines?: string[];
}

/** A journal for tests. It keeps what the file keeps, line by line, and refuses what the file refuses. */
export async function openMemoryJournal({ now, lines = [] }: MemoryJournalOptions): Promise<Result<Journal>> {
  const found: Found = { entries: [], tip: start };
  for (const line of lines) {
    const read = readLine(found.tip, Buffer.from(line));
    if (!read.ok) return read;
    found.entries.push(read.value.entry);
    found.tip = read.value.tip;
  }
  const store = {
    async write(written: string[]): Promise<Result<void>> {
      lines.push(...written);
      return ok(undefined);
    },
    async close() {},
  };
  return ok(journalOn(store, found, now));
}
