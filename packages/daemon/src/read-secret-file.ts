import { readFile, stat } from 'node:fs/promises';
import { fail, ok, type Result } from '@etcd-rotate/protocol';

/** Reads a file that holds a secret; one that others can read is refused. */
export async function readSecretFile(path: string, hint: string): Promise<Result<string>> {
  try {
    const { mode } = await stat(path);
    if ((mode & 0o077) !== 0) {
      return fail(
        'bad-file',
        `${path} can be read by others (mode ${(mode & 0o777).toString(8)})`,
        `chmod 600 ${path}`,
      );
    }
    return ok(await readFile(path, 'utf8'));
  } catch (error) {
    return fail(
      'bad-file',
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      hint,
    );
  }
}
