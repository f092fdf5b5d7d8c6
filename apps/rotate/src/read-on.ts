import { setTimeout as sleep } from 'node:timers/promises';
import type { Entry, Failure } from '@etcd-rotate/protocol';
import type { Answer, Coordinator } from './coordinator.ts';
import { comesBack } from './exit-codes.ts';

/** Quick enough for a person who watches. */
const batchMs = 150;
/** Short, so that a coordinator that has gone is noticed soon. */
const wait = { forEntries: 3_000, forAnswer: 6_000, beforeAsking: 500 };

export type News =
  | {
      type: 'entries';
      entries: readonly Entry[];
      /** Whether these are the last that there are: only then does the last one say how things stand. */
      isAll: boolean;
    }
  | { type: 'silent'; failures: readonly Failure[]; forMs: number }
  /** Asking again would not help. */
  | { type: 'refused'; failures: readonly Failure[] };

/**
 * The entries of a rotation as they come. A coordinator that is restarted, or another that takes the lead, goes on with
 * the rotation, and we go on reading where we were.
 */
export async function* readOn(
  coordinator: Coordinator,
  { rotation, after }: { rotation: string; after: number },
  signal: AbortSignal,
): AsyncGenerator<News> {
  let last = after;
  let isAll = false;
  let heardAt = Date.now();
  while (!signal.aborted) {
    const asked: Promise<Answer<'journal'>> = coordinator.ask(
      'journal',
      { type: 'journal', rotation, after: last, waitMs: isAll ? wait.forEntries : 0 },
      { timeoutMs: wait.forAnswer },
    );
    const answer: Answer<'journal'> | 'aborted' = await orAborted(asked, signal);
    if (answer === 'aborted') return;
    if (!answer.ok) {
      const { failures } = answer;
      if (!failures.some(({ code }) => comesBack(code))) {
        yield { type: 'refused', failures };
        return;
      }
      yield { type: 'silent', failures, forMs: Date.now() - heardAt };
      await orAborted(sleep(wait.beforeAsking), signal);
      continue;
    }
    heardAt = Date.now();
    const { entries } = answer.value;
    isAll ||= entries.length === 0;
    last = answer.value.last;
    yield { type: 'entries', entries, isAll };
    // What comes in quick succession is fetched together: a machine that also runs etcd has better things to do.
    if (entries.length > 0) await orAborted(sleep(batchMs), signal);
  }
}

/** A watch may be open for days: nothing may stay behind of a wait that is over. */
async function orAborted<T>(awaited: Promise<T>, signal: AbortSignal): Promise<T | 'aborted'> {
  const { promise, resolve } = Promise.withResolvers<'aborted'>();
  const stop = (): void => resolve('aborted');
  if (signal.aborted) stop();
  signal.addEventListener('abort', stop);
  try {
    return await Promise.race([awaited, promise]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
