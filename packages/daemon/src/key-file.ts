import { open, stat } from 'node:fs/promises';
import { fail, ok, type Result, Secret } from '@etcd-rotate/protocol';

/** A private key of 16384 bits takes 13 KiB in PEM. */
const mostBytes = 32 * 1024;

/** Reads the file of a private key that is somebody else's to look after: it is taken as it is, whoever can read it. */
export async function readKeyFile(path: string): Promise<Result<Secret>> {
  try {
    await using file = await open(path, 'r');
    const { size } = await file.stat();
    if (size > mostBytes) {
      return fail(
        'bad-key',
        `${path} is too large for a private key (${size} bytes)`,
        'name the file of the key alone',
      );
    }
    const bytes = await file.readFile();
    const key = new Secret(bytes.toString());
    bytes.fill(0);
    return ok(key);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return fail('bad-file', `${path} cannot be read: ${reason}`, 'name a file in PEM that you can read');
  }
}

export async function othersCanRead(path: string): Promise<boolean> {
  return ((await stat(path)).mode & 0o077) !== 0;
}
