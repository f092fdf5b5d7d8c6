import type { EntryBody, OperatorBody } from '@etcd-rotate/protocol';
import { act } from './act.ts';
import type { Answer, Coordinator } from './coordinator.ts';
import { journalEnd } from './journal-end.ts';
import { entriesSince } from './rotation-now.ts';

/**
 * Asks to hold, resume, approve or abandon; gives where the journal ended before. It is asked for again only while the journal does
 * not have it: a rotation that was resumed and is held again must not go on for the same wish.
 */
export async function steer(
  coordinator: Coordinator,
  body: Extract<OperatorBody, { type: keyof typeof written }>,
): Promise<{ ok: true; before: number } | Extract<Answer<'done'>, { ok: false }>> {
  const end = await journalEnd(coordinator);
  if (!end.ok) return end;
  const before = end.value.last;
  const answer = await act(coordinator, {
    expected: 'done',
    body,
    wasDone: async () => {
      const entries = await entriesSince(coordinator, { rotation: body.rotation, after: before });
      if (!entries.ok) return 'unknown';
      const isThere = entries.value.some((entry) => written[body.type](entry.body));
      return isThere ? { ok: true, value: { type: 'done' } } : 'not-done';
    },
  });
  return answer.ok ? { ok: true, before } : answer;
}

/** What the journal has of a verb once it was obeyed. */
const written = {
  hold: (body: EntryBody) => body.type === 'holding',
  resume: (body: EntryBody) => body.type === 'resumed',
  approve: (body: EntryBody) => body.type === 'approved',
  abandon: (body: EntryBody) => body.type === 'finished' && body.outcome === 'abandoned',
} as const;
