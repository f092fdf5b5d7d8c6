import type { Proof } from '@etcd-rotate/protocol';
import { pollUntil } from './poll.ts';

/** So long one look may take: a connection that hangs shall not take the whole time of a gate with it. */
export const longestLookMs = 2000;

/** Looks until all that is seen is proven or the deadline has passed; says what it saw last. */
export function untilProven(
  deadlineMs: number,
  look: (timeoutMs: number) => Promise<Proof[]>,
): Promise<Proof[]> {
  return pollUntil<Proof[]>({
    look: (left) => look(Math.min(left, longestLookMs)),
    enough: allProven,
    deadlineMs,
  });
}

export function allProven(proofs: readonly Proof[]): boolean {
  return proofs.every(({ verdict }) => verdict === 'proven');
}
