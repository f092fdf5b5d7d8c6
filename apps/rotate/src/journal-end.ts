import type { Answer, Coordinator } from './coordinator.ts';

/** Where the journal ends now: what comes after it is news. */
export function journalEnd(coordinator: Coordinator): Promise<Answer<'journal'>> {
  // No rotation has that id, so that nothing is sent but the number.
  return coordinator.ask('journal', { type: 'journal', rotation: 'none', after: 0, waitMs: 0 });
}
