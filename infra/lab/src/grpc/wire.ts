// As much of protobuf's wire format as the few etcd calls here need: varints and length-delimited fields.

/** Number, text, bytes or a nested message; zero and empty values are written, so that a `oneof` is never lost. */
export type Field = [number: number, value: number | string | Uint8Array];

export function encode(fields: Field[]): Buffer {
  const parts: Uint8Array[] = [];
  for (const [number, value] of fields) {
    if (typeof value === 'number') {
      parts.push(varint(number * 8), varint(value));
    } else {
      const bytes = typeof value === 'string' ? Buffer.from(value) : value;
      parts.push(varint(number * 8 + 2), varint(bytes.length), bytes);
    }
  }
  return Buffer.concat(parts);
}

function varint(value: number): Uint8Array {
  const bytes: number[] = [];
  let rest = value;
  while (rest > 127) {
    bytes.push((rest % 128) + 128);
    rest = Math.floor(rest / 128);
  }
  bytes.push(rest);
  return Uint8Array.from(bytes);
}

/** A decoded message: every field as often as it came. */
export interface Message {
  /** 0 when the field is absent, as protobuf has it. */
  number(field: number): number;
  bytes(field: number): Buffer;
  message(field: number): Message;
  messages(field: number): Message[];
  has(field: number): boolean;
}

export function decode(buffer: Buffer): Message {
  const fields = new Map<number, (number | Buffer)[]>();
  let at = 0;
  const next = (): number => {
    let value = 0;
    for (let factor = 1; ; factor *= 128) {
      const byte = buffer[at];
      if (byte === undefined) throw new Error('a message ends in the middle of a number');
      at += 1;
      // Ids need all 64 bits and lose some here; the revisions and counts that are read do not.
      value += (byte % 128) * factor;
      if (byte < 128) return value;
    }
  };
  while (at < buffer.length) {
    const tag = next();
    const kind = tag % 8;
    let value: number | Buffer;
    if (kind === 0) value = next();
    else if (kind === 2) {
      const length = next();
      value = buffer.subarray(at, at + length);
      at += length;
    } else throw new Error(`a field of wire type ${kind}, which etcd's messages here do not have`);
    const number = Math.floor(tag / 8);
    fields.set(number, [...(fields.get(number) ?? []), value]);
  }
  return messageOf(fields);
}

function messageOf(fields: Map<number, (number | Buffer)[]>): Message {
  const buffers = (field: number): Buffer[] =>
    (fields.get(field) ?? []).filter((value) => typeof value !== 'number');
  return {
    number: (field) => {
      const value = fields.get(field)?.at(-1);
      return typeof value === 'number' ? value : 0;
    },
    bytes: (field) => buffers(field).at(-1) ?? Buffer.alloc(0),
    message: (field) => decode(buffers(field).at(-1) ?? Buffer.alloc(0)),
    messages: (field) => buffers(field).map(decode),
    has: (field) => fields.has(field),
  };
}
