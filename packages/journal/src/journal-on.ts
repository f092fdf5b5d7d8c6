import { type Entry, fail, ok, type Result } from '@etcd-rotate/protocol';
import { type Linked, link, type Tip, type Unlinked } from './chain.ts';
import type { Journal } from './journal.ts';
import { waiters } from './waiters.ts';

/** Where lines are kept. */
export interface LineStore {
  /** All of the lines or none: resolves with ok when they are durable, and otherwise leaves the store as it was. */
  write(lines: string[]): Promise<Result<void>>;
  /** How much one write may take, where that is limited; a longer line is written by itself. */
  mostBytes?: number;
  close(): Promise<void>;
}

/** What was in the store when it was opened. */
export interface Found {
  entries: Entry[];
  tip: Tip;
}

interface Waiting extends Unlinked {
  resolve: (result: Result<Entry>) => void;
}

/**
 * A journal over a store of lines. Appends that arrive while a write is under way share the next one, so that many
 * rotations at once wait for few syncs; their order is that of the calls.
 */
export function journalOn(store: LineStore, found: Found, now: () => Date): Journal {
  const { entries } = found;
  const { mostBytes = Number.POSITIVE_INFINITY } = store;
  let { tip } = found;
  let epoch = entries.reduce((highest, entry) => Math.max(highest, entry.epoch), 0) + 1;
  let queue: Waiting[] = [];
  let writing: Promise<void> | undefined;
  let closed = false;
  const arrivals = waiters();

  function append(body: Entry['body']): Promise<Result<Entry>> {
    if (closed) return Promise.resolve(fail('internal', 'the journal is closed', 'report it with the log'));
    return new Promise((resolve) => {
      queue.push({ body, at: now().toISOString(), epoch, resolve });
      writing ??= writeAll();
    });
  }

  async function writeAll(): Promise<void> {
    // Appends of the same turn belong to the same write.
    await Promise.resolve();
    while (queue.length > 0) {
      const batch = queue;
      queue = [];
      const left = await write(batch);
      queue = [...left, ...queue];
    }
    // In the same turn in which the queue was seen empty: an append can come between any two turns.
    writing = undefined;
  }

  /** @returns those for whom there was no room in this write */
  async function write(batch: Waiting[]): Promise<Waiting[]> {
    let end = tip;
    let bytes = 0;
    const linked: { waiting: Waiting; made: Linked }[] = [];
    const left = [...batch];
    for (const waiting of batch) {
      const made = link(end, waiting);
      if (made.ok) {
        bytes += Buffer.byteLength(made.value.line) + 1;
        if (linked.length > 0 && bytes > mostBytes) break;
        end = made.value.tip;
        linked.push({ waiting, made: made.value });
      } else waiting.resolve(made);
      left.shift();
    }
    if (linked.length === 0) return left;
    const written = await store.write(linked.map(({ made }) => made.line));
    if (written.ok) {
      tip = end;
      entries.push(...linked.map(({ made }) => made.entry));
    }
    for (const { waiting, made } of linked) waiting.resolve(written.ok ? ok(made.entry) : written);
    arrivals.wake(tip.seq);
    return left;
  }

  return {
    get epoch() {
      return epoch;
    },
    lead(version, seen = 0, coordinator) {
      epoch = Math.max(epoch, seen + 1);
      return append({ type: 'lead', version, ...(coordinator !== undefined && { coordinator }) });
    },
    append,
    entries: (after = 0) => entries.slice(after),
    last: () => tip.seq,
    waitFor: (after, ms) => (tip.seq > after || closed ? Promise.resolve() : arrivals.wait(after, ms)),
    async [Symbol.asyncDispose]() {
      if (closed) return;
      closed = true;
      await writing;
      arrivals.wake(Number.POSITIVE_INFINITY);
      await store.close();
    },
  };
}
