import { createHash } from 'node:crypto';

/** Chance that can be had again: the same seed and name draw the same. */
export interface Chance {
  /** From 0 up to, not including, 1. */
  share(): number;
  between(low: number, high: number): number;
  one<T>(of: readonly T[]): T;
}

export function seeded(seed: number, name: string): Chance {
  // mulberry32: small, and good enough to pick moments with.
  let state = createHash('sha256').update(`${seed} ${name}`).digest().readUInt32LE(0);
  const share = (): number => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    share,
    between: (low, high) => low + share() * (high - low),
    one(of) {
      const drawn = of[Math.floor(share() * of.length)];
      if (drawn === undefined) throw new Error('nothing to draw from');
      return drawn;
    },
  };
}
