import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';

const mostBytes = 4 * 1024 * 1024;

/**
 * Reads a file whose place stands in a configuration, and which may have been put there by somebody else: never a device or a
 * pipe, which might never end, and never more than such files have.
 *
 * @throws where it cannot be read, or should not be
 */
export async function readRegular(path: string): Promise<{ text: string; stat: Stats }> {
  // Without O_NONBLOCK, to open a pipe waits for its writer.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stat = await file.stat();
  if (!stat.isFile()) throw new Error('it is not a regular file');
  if (stat.size > mostBytes) throw new Error(`it has ${stat.size} bytes, more than ${mostBytes}`);
  return { text: await file.readFile('utf8'), stat };
}
