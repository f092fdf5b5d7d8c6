import { type Failure, fail, ok, type Result } from '@etcd-rotate/protocol';
import { readLine, start } from './chain.ts';
import type { Journal } from './journal.ts';
import { type Found, journalOn } from './journal-on.ts';
import { type Leading, sharedLines } from './shared-lines.ts';

/** What one write appended: one line or several, each with its newline. */
export interface Block {
  /** Its place in the stream, the first being 1; 0 stands for the beginning of an empty stream. */
  number: number;
  data: Uint8Array;
}

export type Appended =
  | { type: 'appended'; number: number }
  /** Somebody else has appended after `after`. */
  | { type: 'passed' }
  /** No answer: it may be there, and may still get there. */
  | { type: 'unknown'; failure: Failure };

/** A stream of blocks that several coordinators may open, somewhere else. */
export interface BlockStream {
  /** Appends durably if `after` is the number of the last block, and otherwise not at all. */
  append(data: Uint8Array, after: number): Promise<Appended>;
  last(): Promise<Result<Block>>;
  /** Every block in order, as of now. */
  all(): Promise<Result<Block[]>>;
}

export interface StreamJournalOptions {
  now: () => Date;
  leading: Leading;
}

/**
 * A journal on a stream that another coordinator may write to as well: of two who append after the same block, one is
 * refused, and from then on writes nothing. The lines are those of the file, chained as there.
 */
export async function openStreamJournal(
  stream: BlockStream,
  { now, leading }: StreamJournalOptions,
): Promise<Result<Journal>> {
  const blocks = await stream.all();
  if (!blocks.ok) return blocks;
  const found: Found = { entries: [], tip: start };
  for (const { number, data } of blocks.value) {
    for (const line of linesIn(data)) {
      const read = line.complete ? readLine(found.tip, line.bytes) : halfLine(number);
      if (!read.ok) return read;
      found.entries.push(read.value.entry);
      found.tip = read.value.tip;
    }
  }
  const last = blocks.value.at(-1)?.number ?? 0;
  return ok(journalOn(sharedLines(stream, last, leading), found, now));
}

const newline = 0x0a;

function linesIn(data: Uint8Array): { bytes: Buffer; complete: boolean }[] {
  const lines: { bytes: Buffer; complete: boolean }[] = [];
  const all = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  for (let from = 0; from < all.length; ) {
    const end = all.indexOf(newline, from);
    lines.push({ bytes: all.subarray(from, end < 0 ? all.length : end), complete: end >= 0 });
    from = end < 0 ? all.length : end + 1;
  }
  return lines;
}

/** A block is stored whole or not at all, so half a line is not what a killed writer leaves here. */
function halfLine(number: number): ReturnType<typeof fail> {
  return fail(
    'journal-broken',
    `block ${number} of the journal ends in the middle of a line`,
    'restore the journal from a backup; a rotation must not run on from a record that is not true',
  );
}
