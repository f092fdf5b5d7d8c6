import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Every entry begins so (packages/journal/src/chain.ts), and nothing else in a stream does. */
const beginning = Buffer.from('{"v":1,"seq":');

/**
 * The lines of a journal that is a JetStream stream, byte for byte as they lie in the files of its nats-server: without a
 * client, and whether or not a server runs. One that is only half there is left out.
 */
export function linesInStore(bytes: Buffer): string[] {
  const lines: string[] = [];
  for (let at = bytes.indexOf(beginning); at >= 0; ) {
    const end = endOfObject(bytes, at);
    if (end === undefined) break;
    lines.push(bytes.subarray(at, end).toString('utf8'));
    at = bytes.indexOf(beginning, end);
  }
  return lines;
}

/** The file of messages; a journal of a lab never needs a second one. */
export function messagesFile(store: string): string {
  const streams = join(store, 'jetstream', '$G', 'streams');
  const journal = readdirSync(streams).find((name) => name.endsWith('_journal'));
  if (journal === undefined) throw new Error(`no journal in ${streams}`);
  return join(streams, journal, 'msgs', '1.blk');
}

const [quote, backslash, open, close] = Buffer.from('"\\{}');

function endOfObject(bytes: Buffer, from: number): number | undefined {
  let depth = 0;
  let isText = false;
  for (let at = from; at < bytes.length; at += 1) {
    const byte = bytes[at];
    if (isText) {
      if (byte === backslash) at += 1;
      else if (byte === quote) isText = false;
    } else if (byte === quote) isText = true;
    else if (byte === open) depth += 1;
    else if (byte === close) {
      depth -= 1;
      if (depth === 0) return at + 1;
    }
  }
  return undefined;
}
