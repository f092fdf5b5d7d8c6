import type { Stats } from 'node:fs';
import { realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

type Rights = Pick<Stats, 'mode' | 'uid'>;

/**
 * Whether a file is one that systemd has put into `$CREDENTIALS_DIRECTORY` for this unit, and that nobody else gets at. A
 * unit with a user of its own reads it by an ACL, which shows as a group that may read (systemd.exec(5), CREDENTIALS).
 *
 * @param folder `$CREDENTIALS_DIRECTORY`, whose rights are looked at as well: it is what keeps others out
 */
export async function isCredential(
  path: string,
  file: Rights,
  { folder, us }: { folder: string | undefined; us: number | undefined },
): Promise<boolean> {
  if (folder === undefined) return false;
  try {
    const inside = await realpath(folder);
    if (dirname(await realpath(path)) !== inside) return false;
    return isClosed(await stat(inside), us) && isClosed(file, us);
  } catch {
    return false;
  }
}

/** Whoever could write it could be anybody, and so could a member of the group be, but for reading what an ACL guards. */
function isClosed({ mode, uid }: Rights, us: number | undefined): boolean {
  return (uid === 0 || uid === us) && (mode & 0o027) === 0;
}
