import { constants, type Stats } from 'node:fs';
import { open } from 'node:fs/promises';

const mostBytes = 2 * 1024 * 1024;

export interface SmallFile {
  bytes: Buffer;
  stat: Stats;
}

/**
 * Reads a file whose place was named by somebody else: never a device or a pipe, which might never end, and never more
 * than such files have.
 *
 * @throws where it cannot be read, or should not be
 */
export async function readSmall(path: string, most: number = mostBytes): Promise<SmallFile> {
  // Without O_NONBLOCK, to open a pipe waits for its writer.
  await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  const stat = await file.stat();
  if (!stat.isFile()) throw new Error(`${path} is not a regular file`);
  if (stat.size > most) throw new Error(`${path} has ${stat.size} bytes, more than ${most}`);
  return { bytes: await file.readFile(), stat };
}
