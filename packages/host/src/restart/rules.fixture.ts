import { setTimeout as pause } from 'node:timers/promises';

/** What must hold of a driver, as one sentence; whoever breaks it throws. */
export interface Rule {
  rule: string;
  holds(): Promise<void>;
}

export interface Verdict {
  rule: string;
  /** Why it does not hold; nothing where it does. */
  broken?: string;
  ms: number;
}

/**
 * Tries one rule after the other and prints a line of JSON for each, so that they may be run where there is no test runner:
 * on a node that has systemd. The line comes as soon as it is known: whoever reads sees where a program hangs.
 */
export async function printVerdicts(rules: readonly Rule[]): Promise<void> {
  for (const { rule, holds } of rules) {
    const began = performance.now();
    const broken = await holds().then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? (error.stack ?? error.message) : String(error)),
    );
    const verdict: Verdict = { rule, ...(broken && { broken }), ms: Math.round(performance.now() - began) };
    console.log(JSON.stringify(verdict));
  }
}

export function readVerdicts(printed: string): Verdict[] {
  const lines = printed.split('\n').filter(Boolean);
  return lines.map((line): Verdict => JSON.parse(line));
}

/**
 * Looks until something is there.
 *
 * @throws what it looked for, where it does not come
 */
export async function eventually<T>(
  what: string,
  look: () => Promise<T | undefined>,
  withinMs = 8000,
): Promise<T> {
  const until = performance.now() + withinMs;
  for (;;) {
    const found = await look();
    if (found !== undefined) return found;
    if (performance.now() > until) throw new Error(`${what} does not come within ${withinMs} ms`);
    await pause(20);
  }
}
