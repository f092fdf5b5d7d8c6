import { type Failure, fail, ok, type Result } from '@etcd-rotate/protocol';
import type { LineStore } from './journal-on.ts';
import type { BlockStream } from './stream-journal.ts';

/** Whether this coordinator may write. */
export interface Leading {
  /** Asked right before each attempt to append. */
  holds(): boolean;
  /** Aborted when the lead is lost: what has no answer by then will not be waited for. */
  lost: AbortSignal;
}

/**
 * Appends lines to a stream of which block `after` is the last. An append without an answer is settled before anything
 * else is done: it is repeated after the same block, so it gets there once, or what the last block holds says whose it
 * is. Where somebody else has appended, or the lead is lost, nothing is ever written again.
 */
export function sharedLines(stream: BlockStream, after: number, leading: Leading): LineStore {
  let last = after;
  let over: { ok: false; failure: Failure } | undefined;

  async function append(data: Uint8Array): Promise<Result<void>> {
    let unanswered: Failure | undefined;
    for (let wait = soonest; ; wait = Math.min(2 * wait, slowest)) {
      if (!leading.holds() || leading.lost.aborted) return notLeading(unanswered);
      const appended = await stream.append(data, last);
      switch (appended.type) {
        case 'appended':
          last = appended.number;
          return ok(undefined);
        case 'passed': {
          const ours = unanswered && (await isLast(data));
          if (!ours) return passed(last);
          if (ours.ok) {
            last = ours.value;
            return ok(undefined);
          }
          unanswered = ours.failure;
          break;
        }
        case 'unknown':
          // Refused for good, such as a block that is too large: it never was on its way.
          if (!appended.failure.retryable && !unanswered) return no(appended.failure);
          unanswered = appended.failure;
      }
      await pause(wait, leading.lost);
    }
  }

  /** The number of the last block if it holds this; undefined if it is somebody else's. */
  async function isLast(data: Uint8Array): Promise<Result<number> | undefined> {
    const block = await stream.last();
    if (!block.ok) return block;
    return block.value.number > last && Buffer.compare(block.value.data, data) === 0
      ? ok(block.value.number)
      : undefined;
  }

  function end(failure: Failure): { ok: false; failure: Failure } {
    over = no(failure);
    return over;
  }

  function notLeading(unanswered: Failure | undefined): { ok: false; failure: Failure } {
    const why = unanswered
      ? `, and whether the last entry was written is not known (${unanswered.message})`
      : '';
    return end(
      fail('not-leading', `this coordinator does not lead any more${why}: nothing is written`, hint, true)
        .failure,
    );
  }

  function passed(number: number): { ok: false; failure: Failure } {
    return end(
      fail('not-leading', `another coordinator has written to the journal after block ${number}`, hint, true)
        .failure,
    );
  }

  return {
    // Room for one line of the largest message beside it in what a server takes.
    mostBytes: 1024 * 1024,
    write: async (lines) => over ?? append(Buffer.from(lines.map((line) => `${line}\n`).join(''))),
    async close() {},
  };
}

const hint = 'see `rotate status` for which coordinator leads';
const soonest = 50;
const slowest = 1000;

function no(failure: Failure): { ok: false; failure: Failure } {
  return { ok: false, failure };
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
