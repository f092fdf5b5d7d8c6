const units: Record<string, number> = {
  us: 0.001,
  ms: 1,
  s: 1000,
  min: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 7 * 86_400_000,
  month: 30.44 * 86_400_000,
  y: 365.25 * 86_400_000,
};

/** A span as systemd shows it (`1min 30s`, systemd.time(7)), in milliseconds; nothing for `infinity` and what is none. */
export function milliseconds(span: string): number | undefined {
  const parts = span.split(' ').map((part) => /^(\d+(?:\.\d+)?)([a-z]+)$/.exec(part));
  const each = parts.map((part) => Number(part?.[1]) * (units[part?.[2] ?? ''] ?? Number.NaN));
  const sum = each.reduce((total, one) => total + one, 0);
  return Number.isNaN(sum) ? undefined : sum;
}
