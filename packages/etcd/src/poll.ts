import { setTimeout as pause } from 'node:timers/promises';

export interface Poll<T> {
  /** Told how long it may take. */
  look(leftMs: number): Promise<T>;
  enough(seen: T): boolean;
  deadlineMs: number;
  /** Between the end of a look and the next one; else a twentieth of the time waited so far, 20 to 250 ms. */
  intervalMs?(seen: T): number;
}

/** A look gets so long, even where it ends a little after the deadline. */
const shortestLookMs = 250;

/**
 * Looks again and again until what is seen is enough or the deadline has passed, and returns what was seen last. Looks
 * at least once. A look that the deadline would cut short is not begun: it would say "no answer" where the one before
 * it had one.
 */
export async function pollUntil<T>({ look, enough, deadlineMs, intervalMs }: Poll<T>): Promise<T> {
  const began = performance.now();
  const until = began + deadlineMs;
  for (;;) {
    const started = performance.now();
    const seen = await look(Math.max(shortestLookMs, until - started));
    const took = performance.now() - started;
    // Each refused probe is a line in etcd's log, so a long wait is a calm one.
    const interval = intervalMs?.(seen) ?? Math.min(250, Math.max(20, (started - began) / 20));
    if (enough(seen) || performance.now() + interval + took >= until) return seen;
    await pause(interval);
  }
}
