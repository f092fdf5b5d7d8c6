import { setTimeout as pause } from 'node:timers/promises';

interface Patience {
  /** Milliseconds. */
  within?: number;
  every?: number;
}

/** Thrown by a question to which the answer will not become yes. */
export class Hopeless extends Error {
  override readonly name = 'Hopeless';
}

/** Asks again and again until the answer is yes; throws when it takes too long, with the last error as its cause. */
export async function until(
  what: string,
  isSo: () => boolean | Promise<boolean>,
  { within = 60_000, every = 5 }: Patience = {},
): Promise<void> {
  const deadline = Date.now() + within;
  let last: unknown;
  for (;;) {
    try {
      if (await isSo()) return;
      last = undefined;
    } catch (error) {
      if (error instanceof Hopeless) throw error;
      last = error;
    }
    if (Date.now() > deadline) {
      const why = last instanceof Error ? `: ${last.message}` : '';
      throw new Error(`not within ${within / 1000} s: ${what}${why}`, { cause: last });
    }
    await pause(every);
  }
}
