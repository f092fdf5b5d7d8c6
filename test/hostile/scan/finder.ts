import type { Secret } from './needles.ts';

/**
 * Looks for every form of every secret in one pass: there are hundreds of them, and megabytes to look through.
 *
 * @returns the names of the secrets that are in some bytes
 */
export function finder(secrets: readonly Secret[]): (bytes: Buffer) => Set<string> {
  const begins = new Uint8Array(2 ** 16);
  const byStart = new Map<number, { name: string; form: Buffer }[]>();
  for (const { name, forms } of secrets) {
    for (const form of forms) {
      if (form.length < shortest)
        throw new Error(`a form of ${name} is so short that it would be everywhere`);
      const start = form.readUInt32BE(0);
      begins[start >>> 16] = 1;
      byStart.set(start, [...(byStart.get(start) ?? []), { name, form }]);
    }
  }
  return (bytes) => {
    const found = new Set<string>();
    for (let at = 0; at + shortest <= bytes.length; at += 1) {
      if (begins[((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0)] === 0) continue;
      for (const { name, form } of byStart.get(bytes.readUInt32BE(at)) ?? []) {
        if (bytes.subarray(at, at + form.length).equals(form)) found.add(name);
      }
    }
    return found;
  };
}

const shortest = 7;
