import { test } from 'vitest';

/**
 * `CASES=all` (npm run test:every-case, which npm run test:full does): every version, strategy and way. Without it a sample
 * of them that every change can wait for.
 */
export const hasEveryCase = process.env.CASES === 'all';

/** A test beside which the sample has another of its kind. */
export const testInFull: (name: string, run: () => Promise<void>) => void = hasEveryCase
  ? test
  : () => undefined;
