import { z } from 'zod';

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** A duration as people write it (`250ms`, `35s`, `90d`), parsed to milliseconds. */
export const Duration = z
  .string()
  .regex(/^\d+(ms|s|m|h|d)$/, { error: 'a duration, e.g. "250ms", "35s", "10m", "12h" or "365d"' })
  .transform(toMilliseconds)
  .refine((ms) => ms <= longest, { error: 'at most 36500d' });

function toMilliseconds(text: string): number {
  const [, amount = '0', unit = 's'] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
  return Number(amount) * units[unit as keyof typeof units];
}

export const day: number = units.d;
const longest = 36_500 * day;
