import { randomBytes } from 'node:crypto';
import { link, open, unlink } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fail, ok, type Result } from '@etcd-rotate/protocol';

/**
 * Writes a file that must not be there yet. It appears whole and synced, or not at all. It is made current by `link`
 * and not by `rename`, which would silently replace a CA key that another process made in the meantime.
 */
export async function writeNewFile(path: string, text: string): Promise<Result<undefined>> {
  const draft = `${path}.${randomBytes(6).toString('hex')}.tmp`;
  try {
    await using file = await open(draft, 'wx', 0o600);
    await file.writeFile(text);
    await file.sync();
    await link(draft, path);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    if (error.code === 'EEXIST') return fail('exists', `${path} is there already`, 'choose another name');
    return fail(
      'bad-file',
      `${path} cannot be written: ${error.message}`,
      'check space, owner and mode of its folder',
    );
  } finally {
    await unlink(draft).catch(() => undefined);
  }
  // The name is in the folder, and the folder must be on disk too.
  await using folder = await open(dirname(path), 'r');
  await folder.sync();
  return ok(undefined);
}
