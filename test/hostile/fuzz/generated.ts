import fc from 'fast-check';

/** No input is larger. */
const mostBytes = 64 * 1024;

/** Random bytes, samples with something changed, and JSON of any depth. */
export function generated(samples: readonly Uint8Array[]): fc.Arbitrary<Uint8Array> {
  const changed = fc
    .tuple(fc.nat(Math.max(samples.length - 1, 0)), fc.array(change, { minLength: 0, maxLength: 6 }))
    .map(([which, changes]) =>
      changes.reduce(apply, samples[which] ?? new Uint8Array()).subarray(0, mostBytes),
    );
  return fc.oneof(
    { weight: 6, arbitrary: changed },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 4096 }) },
    { weight: 1, arbitrary: fc.json({ maxDepth: 12 }).map(asBytes) },
    { weight: 1, arbitrary: fc.tuple(fc.constantFrom('[', '{"a":', '[{"v":'), fc.nat(20_000)).map(nest) },
    {
      weight: 1,
      arbitrary: fc.tuple(fc.nat(), fc.nat(), fc.jsonValue({ maxDepth: 3 })).map(alterJson(samples)),
    },
  );
}

interface Change {
  how: 'flip' | 'cut' | 'insert' | 'repeat' | 'splice' | 'length' | 'line';
  /** Of the length of what is changed. */
  at: number;
  size: number;
  bytes: Uint8Array;
}

const change: fc.Arbitrary<Change> = fc.record({
  how: fc.constantFrom('flip', 'cut', 'insert', 'repeat', 'splice', 'length', 'line'),
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  size: fc.nat(300),
  bytes: fc.uint8Array({ minLength: 1, maxLength: 12 }),
});

function apply(before: Uint8Array, { how, at, size, bytes }: Change): Uint8Array {
  const buffer = Buffer.from(before);
  const from = Math.min(Math.floor(at * buffer.length), Math.max(buffer.length - 1, 0));
  switch (how) {
    case 'flip':
      buffer[from] = (buffer[from] ?? 0) ^ (1 << (size % 8));
      return buffer;
    case 'cut':
      return Buffer.concat([buffer.subarray(0, from), buffer.subarray(from + size)]);
    case 'insert':
      return Buffer.concat([buffer.subarray(0, from), bytes, buffer.subarray(from)]);
    case 'repeat':
      return Buffer.concat([buffer.subarray(0, from + size), buffer.subarray(from)]);
    case 'splice':
      return Buffer.concat([buffer.subarray(0, from), buffer.subarray(Math.floor(buffer.length / 2))]);
    case 'length':
      // Where a DER length or a count may stand.
      buffer[from] = [0x80, 0x84, 0xff, 0x00, 0x7f, 0x30][size % 6] ?? 0;
      return buffer;
    case 'line': {
      const lines = buffer.toString('latin1').split('\n');
      const [line = ''] = lines.splice(from % lines.length, 1);
      lines.splice(size % (lines.length + 1), 0, line, line);
      return Buffer.from(lines.join('\n'), 'latin1');
    }
  }
}

function nest([open, depth]: [string, number]): Uint8Array {
  return asBytes(open.repeat(depth).slice(0, mostBytes));
}

/** One value somewhere in a sample that is JSON, replaced. */
function alterJson(samples: readonly Uint8Array[]): (chosen: [number, number, unknown]) => Uint8Array {
  return ([which, where, value]) => {
    const sample = samples[which % Math.max(samples.length, 1)] ?? new Uint8Array();
    try {
      const parsed: unknown = JSON.parse(Buffer.from(sample).toString());
      const places = placesIn(parsed);
      const place = places[where % Math.max(places.length, 1)];
      if (place) place.in[place.key] = value;
      return asBytes(JSON.stringify(parsed)).subarray(0, mostBytes);
    } catch {
      return sample;
    }
  };
}

function placesIn(value: unknown): { in: Record<string, unknown>; key: string }[] {
  if (typeof value !== 'object' || value === null) return [];
  const object = value as Record<string, unknown>;
  return Object.keys(object).flatMap((key) => [{ in: object, key }, ...placesIn(object[key])]);
}

function asBytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
