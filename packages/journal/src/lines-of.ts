import type { FileHandle } from 'node:fs/promises';

const newline = 0x0a;

/** The lines of a file as bytes, one after the other; what follows the last newline, if anything, is not `complete`. */
export async function* linesOf(file: FileHandle): AsyncGenerator<{ line: Buffer; complete: boolean }> {
  let parts: Buffer[] = [];
  for await (const chunk of file.createReadStream({
    start: 0,
    autoClose: false,
    highWaterMark: 1024 * 1024,
  })) {
    let rest: Buffer = chunk;
    for (let at = rest.indexOf(newline); at >= 0; at = rest.indexOf(newline)) {
      yield { line: Buffer.concat([...parts, rest.subarray(0, at)]), complete: true };
      parts = [];
      rest = rest.subarray(at + 1);
    }
    if (rest.length > 0) parts.push(rest);
  }
  if (parts.length > 0) yield { line: Buffer.concat(parts), complete: false };
}
