import { randomUUID } from 'node:crypto';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fail, ok, type Result } from '@etcd-rotate/protocol';

/** The id of a state folder, made when it has none: it tells one coordinator from another, whatever they are called. */
export async function instanceOf(stateFolder: string): Promise<Result<string>> {
  const path = join(stateFolder, 'instance');
  try {
    await mkdir(stateFolder, { recursive: true, mode: 0o700 });
    const there = await readFile(path, 'utf8').catch(() => '');
    const id = there.trim();
    if (/^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/.test(id)) return ok(id);
    const made = randomUUID();
    await writeFile(path, `${made}\n`, { mode: 0o600 });
    return ok(made);
  } catch (error) {
    return fail('bad-file', `${path} cannot be used: ${String(error)}`, 'check owner, mode and free space');
  }
}
