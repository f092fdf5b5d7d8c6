/** What a server says before it knows whom it talks to: its chain, and whose leaves it would accept. */
export interface ServerHello {
  /** DER, leaf first. */
  chain: Buffer[];
  /** The DER names of the CAs that it accepts; nothing where it asked for no certificate. */
  issuers: Buffer[] | undefined;
}

export type Heard = { type: 'more' } | { type: 'done'; hello: ServerHello } | { type: 'garbled' };

/** A chain or a list of CAs fills some records; whoever sends more does not mean well. */
const mostBytes = 256 * 1024;

/**
 * Follows what a server sends in a TLS handshake of at most version 1.2, where all of it up to ServerHelloDone is
 * readable (RFC 5246, sections 6.2.1 and 7.4). With TLS 1.3 it would be encrypted.
 *
 * @returns to be called with each piece as it comes, of any size, until it says something else than `more`
 */
export function serverHelloReader(): (piece: Buffer) => Heard {
  const records = new Buffered();
  const messages = new Buffered();
  const seen: Seen = { version: undefined, chain: [], issuers: undefined };
  let bytes = 0;
  return (piece) => {
    bytes += piece.length;
    if (bytes > mostBytes) return { type: 'garbled' };
    records.push(piece);
    try {
      for (let record = nextRecord(records); record; record = nextRecord(records)) {
        messages.push(record);
        for (let message = nextMessage(messages); message; message = nextMessage(messages)) {
          const isLast = take(message, seen);
          if (isLast) return { type: 'done', hello: { chain: seen.chain, issuers: seen.issuers } };
        }
      }
      return { type: 'more' };
    } catch (error) {
      if (error instanceof Garbled) return { type: 'garbled' };
      throw error;
    }
  };
}

class Garbled extends Error {}

interface Seen {
  version: number | undefined;
  chain: Buffer[];
  issuers: Buffer[] | undefined;
}

/** Bytes that came and were not taken yet; they are only joined when there are enough. */
class Buffered {
  #pieces: Buffer[] = [];
  #length = 0;

  push(piece: Buffer): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }

  /** The first bytes, which stay. */
  peek(count: number): Buffer | undefined {
    if (this.#length < count) return undefined;
    if ((this.#pieces[0]?.length ?? 0) < count) this.#pieces = [Buffer.concat(this.#pieces)];
    return this.#pieces[0]?.subarray(0, count);
  }

  take(count: number): Buffer | undefined {
    const taken = this.peek(count);
    const [first, ...rest] = this.#pieces;
    if (!taken || !first) return undefined;
    this.#pieces = first.length > count ? [first.subarray(count), ...rest] : rest;
    this.#length -= count;
    return taken;
  }
}

const handshakeRecord = 22;
const mostInRecord = 2 ** 14;

/** The contents of the next record. Alerts, and whatever is encrypted, end it: nothing more comes in the clear. */
function nextRecord(records: Buffered): Buffer | undefined {
  const head = records.peek(5);
  if (!head) return undefined;
  const length = head.readUInt16BE(3);
  if (head[0] !== handshakeRecord || head[1] !== 3 || length === 0 || length > mostInRecord)
    throw new Garbled();
  return records.take(5 + length)?.subarray(5);
}

/** A message with its head: one may fill several records, and a record hold several. */
function nextMessage(messages: Buffered): Buffer | undefined {
  const head = messages.peek(4);
  return head && messages.take(4 + head.readUIntBE(1, 3));
}

const [serverHello, certificate, certificateRequest, serverHelloDone] = [2, 11, 13, 14];
const tls12 = 0x0303;

/** @returns whether it was the last one */
function take(message: Buffer, seen: Seen): boolean {
  const body = new Fields(message.subarray(4));
  switch (message[0]) {
    case serverHello:
      seen.version = body.number(2);
      return false;
    case certificate:
      seen.chain = body.vector(3).vectors(3);
      return false;
    case certificateRequest:
      body.vector(1);
      // Only since TLS 1.2 the algorithms of signatures stand before the names.
      if (seen.version === tls12) body.vector(2);
      seen.issuers = body.vector(2).vectors(2);
      return false;
    case serverHelloDone:
      return true;
    // Others, as that with the key exchange, say nothing to us.
    default:
      return false;
  }
}

/** Reads numbers and vectors with a length in front, and never past the end. */
class Fields {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  number(size: number): number {
    return this.#next(size).readUIntBE(0, size);
  }

  vector(lengthSize: number): Fields {
    return new Fields(this.#next(this.number(lengthSize)));
  }

  vectors(lengthSize: number): Buffer[] {
    const found: Buffer[] = [];
    while (this.#at < this.#bytes.length) found.push(this.#next(this.number(lengthSize)));
    return found;
  }

  #next(count: number): Buffer {
    const from = this.#at;
    this.#at += count;
    if (this.#at > this.#bytes.length) throw new Garbled();
    return this.#bytes.subarray(from, this.#at);
  }
}
