import { createHash } from 'node:crypto';
import { Entry, type EntryBody, fail, ok, parse, type Result } from '@etcd-rotate/protocol';

/** Where the next entry is linked to. */
export interface Tip {
  seq: number;
  /** SHA-256 of the last line, without its newline. */
  hash: string;
}

export const start: Tip = { seq: 0, hash: '0'.repeat(64) };

export interface Linked {
  entry: Entry;
  line: string;
  tip: Tip;
}

export interface Unlinked {
  body: EntryBody;
  at: string;
  epoch: number;
}

/** The line that says this after `tip`. It is read back before it is written: what cannot be read must never get in. */
export function link(tip: Tip, { body, at, epoch }: Unlinked): Result<Linked> {
  const line = JSON.stringify({ v: 1, seq: tip.seq + 1, prev: tip.hash, at, epoch, body });
  const entry = parse(Entry, JSON.parse(line), 'a journal entry', 'bad-message');
  if (entry.ok) return ok({ entry: entry.value, line, tip: { seq: tip.seq + 1, hash: hashOf(line) } });
  return fail(
    'internal',
    `${entry.failure.message}; it was not written`,
    'report it with the log of the coordinator',
  );
}

/** Reads the line after `tip`. Whatever was changed, left out, added or moved is `journal-broken` with its line. */
export function readLine(tip: Tip, line: Buffer): Result<Omit<Linked, 'line'>> {
  const number = tip.seq + 1;
  const entry = read(line);
  if (!entry.ok) return broken(number, `(seq ${number}) cannot be read: ${entry.failure.message}`);
  const { seq, prev } = entry.value;
  if (seq !== number) return broken(number, `has seq ${seq} where seq ${number} belongs`);
  if (prev !== tip.hash && number === 1) return broken(1, '(seq 1) does not say that it is the first');
  // The last line has no successor, so a change to it that still reads as an entry is not found.
  if (prev !== tip.hash)
    return broken(tip.seq, `(seq ${tip.seq}) is not as it was when line ${number} was written`);
  return ok({ entry: entry.value, tip: { seq, hash: hashOf(line) } });
}

/**
 * Where a line does not follow the one before it, one of the two was changed: which, the line after them says.
 *
 * @returns what is said instead where it was the later one
 */
export function changedItself(tip: Tip, line: Buffer, next: Buffer): Result<never> | undefined {
  const [own, after] = [read(line), read(next)];
  const isOutOfPlace = own.ok && own.value.seq === tip.seq + 1 && own.value.prev !== tip.hash;
  if (!isOutOfPlace || !after.ok || after.value.prev === hashOf(line)) return undefined;
  const number = tip.seq + 1;
  return broken(number, `(seq ${number}) is not as it was when line ${number + 1} was written`);
}

function read(line: Buffer): Result<Entry> {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(line);
    return parse(Entry, JSON.parse(text), 'entry', 'bad-message');
  } catch (error) {
    return fail('bad-message', error instanceof Error ? error.message : String(error), '');
  }
}

function broken(line: number, how: string): { ok: false; failure: ReturnType<typeof fail>['failure'] } {
  const hint = 'restore the journal from a backup; a rotation must not run on from a record that is not true';
  return fail('journal-broken', `line ${line} of the journal ${how}`, hint);
}

function hashOf(line: string | Buffer): string {
  return createHash('sha256').update(line).digest('hex');
}
