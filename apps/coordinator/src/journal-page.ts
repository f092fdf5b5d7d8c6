import type { Journal } from '@etcd-rotate/journal';
import { type Entry, isOfRotation, type OperatorBody, type OperatorReply } from '@etcd-rotate/protocol';

type Asked = Extract<OperatorBody, { type: 'journal' }>;

/** Entries after the one that an operator has seen, as many as fit; waits for the next where there is none yet. */
export async function journalPage(
  journal: Pick<Journal, 'entries' | 'last' | 'waitFor'>,
  { rotation, after, waitMs }: Asked,
): Promise<OperatorReply['outcome']> {
  const until = Date.now() + waitMs;
  let seen = after;
  for (;;) {
    const found = journal.entries(seen).filter((entry) => concerns(entry, rotation));
    const left = until - Date.now();
    if (found.length > 0 || left <= 0) {
      const entries = within(mostBytes, found);
      const last = entries.length < found.length ? (entries.at(-1)?.seq ?? after) : journal.last();
      return { ok: true, value: { type: 'journal', entries, last } };
    }
    seen = journal.last();
    await journal.waitFor(seen, left);
  }
}

/** So much fits into one reply with room to spare (see the size limits of the bus). */
const mostBytes = 2_000_000;

function within(bytes: number, entries: Entry[]): Entry[] {
  let sum = 0;
  const fitting = entries.filter((entry) => {
    sum += JSON.stringify(entry).length;
    return sum <= bytes;
  });
  return fitting.length > 0 ? fitting : entries.slice(0, 1);
}

function concerns({ body }: Entry, rotation: string | undefined): boolean {
  if (rotation === undefined) return true;
  return isOfRotation(body) && body.rotation === rotation;
}
