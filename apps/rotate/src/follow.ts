import { apply, type Rotation } from '@etcd-rotate/core';
import type { Failure } from '@etcd-rotate/protocol';
import colors from 'picocolors';
import type { Coordinator } from './coordinator.ts';
import { lasting } from './durations.ts';
import { readOn } from './read-on.ts';
import { showEntry } from './show-entry.ts';
import { Tally } from './tally.ts';
import type { Terminal } from './terminal.ts';
import { unknownRotation } from './unknown-rotation.ts';

/** So long a coordinator may take to be started again, or another to take the lead, before we give up following. */
const patienceMs = 60_000;
/** A silence that is worth a line. */
const worthALineMs = 5_000;

export type Ending =
  | { type: 'finished'; rotation: Rotation; tally: Tally }
  | { type: 'held'; rotation: Rotation; failure: Failure; tally: Tally }
  | { type: 'detached' }
  | { type: 'lost'; failures: readonly Failure[] };

/**
 * Shows a rotation while it goes on, from its journal, until it is finished or held or we are told to detach.
 * `shownFrom`: what was before counts, and is not shown again.
 */
export async function follow(
  coordinator: Coordinator,
  { rotation: id, shownFrom = 0 }: { rotation: string; shownFrom?: number },
  { terminal, detach }: { terminal: Terminal; detach: AbortSignal },
): Promise<Ending> {
  const tally = new Tally();
  let rotation: Rotation | undefined;
  let isSilent = false;
  for await (const news of readOn(coordinator, { rotation: id, after: 0 }, detach)) {
    switch (news.type) {
      case 'refused':
        return { type: 'lost', failures: news.failures };
      case 'silent':
        if (news.forMs > patienceMs) return { type: 'lost', failures: news.failures };
        if (!isSilent && news.forMs > worthALineMs) {
          isSilent = true;
          terminal.say(
            colors.yellow(`! the coordinator does not answer for ${lasting(news.forMs)}; asking on`),
          );
        }
        continue;
      case 'entries':
        if (isSilent) terminal.say('the coordinator answers again');
        isSilent = false;
        break;
    }
    for (const entry of news.entries) {
      rotation = apply(rotation, entry);
      tally.add(entry);
      if (entry.seq <= shownFrom) continue;
      const { line, event } = showEntry(entry, rotation?.plan);
      if (line !== undefined) terminal.say(line);
      if (event) terminal.tell({ at: entry.at, ...event });
    }
    if (!news.isAll) continue;
    if (!rotation) return { type: 'lost', failures: [unknownRotation(id)] };
    const { state } = rotation;
    if (state.status === 'finished') return { type: 'finished', rotation, tally };
    if (state.status === 'held') return { type: 'held', rotation, failure: state.failure, tally };
  }
  return { type: 'detached' };
}
