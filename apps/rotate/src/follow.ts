import { setTimeout as sleep } from 'node:timers/promises';
import type { Failure } from '@etcd-rotate/protocol';
import type { Coordinator } from './coordinator.ts';
import { showEntry } from './show-entry.ts';
import { Tally } from './tally.ts';
import type { Terminal } from './terminal.ts';

/** Quick enough for a person who watches. */
const batchMs = 150;

export type Ending =
  | { type: 'finished'; tally: Tally }
  | { type: 'held'; failure: Failure; tally: Tally }
  | { type: 'detached' }
  | { type: 'lost'; failures: readonly Failure[] };

/** Shows a rotation while it goes on, from its journal, until it is finished or held or we are told to detach. */
export async function follow(
  coordinator: Coordinator,
  { rotation, after, shownFrom = after }: { rotation: string; after: number; shownFrom?: number },
  { terminal, detach }: { terminal: Terminal; detach: AbortSignal },
): Promise<Ending> {
  const tally = new Tally();
  let last = after;
  let misses = 0;
  while (!detach.aborted) {
    const asked = coordinator.ask(
      'journal',
      { type: 'journal', rotation, after: last, waitMs: 10_000 },
      { timeoutMs: 15_000 },
    );
    const answer = await Promise.race([asked, aborted(detach)]);
    if (answer === 'aborted') break;
    if (!answer.ok) {
      // A coordinator that is restarted goes on with the rotation, and we go on following.
      misses += 1;
      if (misses > 20) return { type: 'lost', failures: answer.failures };
      await sleep(500);
      continue;
    }
    misses = 0;
    for (const entry of answer.value.entries) {
      tally.add(entry);
      // What was before a resume counts, and is not shown again.
      if (entry.seq <= shownFrom) continue;
      const { line, event } = showEntry(entry);
      if (line !== undefined) terminal.say(line);
      if (event) terminal.tell({ at: entry.at, ...event });
      if (entry.body.type === 'finished') return { type: 'finished', tally };
      if (entry.body.type === 'held') return { type: 'held', failure: entry.body.failure, tally };
    }
    last = answer.value.last;
    // What comes in quick succession is fetched together: a machine that also runs etcd has better things to do.
    await Promise.race([sleep(batchMs), aborted(detach)]);
  }
  return { type: 'detached' };
}

function aborted(signal: AbortSignal): Promise<'aborted'> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve('aborted');
    signal.addEventListener('abort', () => resolve('aborted'), { once: true });
  });
}
