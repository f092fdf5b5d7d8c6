import type { Stats } from 'node:fs';
import { type Failure, fail, ok, type Result } from '@etcd-rotate/protocol';
import { isCredential } from './is-credential.ts';
import { readRegular } from './read-regular.ts';

export interface Reader {
  us?: number | undefined;
  /** `$CREDENTIALS_DIRECTORY` */
  credentials?: string | undefined;
}

/**
 * Reads a file that holds a secret; one that others can read, or that another user could have written, is refused. Links
 * are followed: what is looked at and what is read is the file that was opened, whatever the path leads to meanwhile.
 *
 * @param by the user that we are (undefined where files have no owner that means something), and where systemd has put
 *   credentials for us: what is in there may be somebody else's to look at
 */
export async function readSecretFile(
  path: string,
  hint: string,
  { us = process.geteuid?.(), credentials }: Reader = {},
): Promise<Result<string>> {
  try {
    const { text, stat } = await readRegular(path);
    if (await isCredential(path, stat, { folder: credentials, us })) return ok(text);
    const fault = faultOf(stat, path, us);
    return fault ? { ok: false, failure: fault } : ok(text);
  } catch (error) {
    return fail(
      'bad-file',
      `${path} cannot be read: ${error instanceof Error ? error.message : String(error)}`,
      hint,
    );
  }
}

function faultOf(
  { mode, uid }: Pick<Stats, 'mode' | 'uid'>,
  path: string,
  us: number | undefined,
): Failure | undefined {
  if ((mode & 0o077) !== 0) {
    return fail(
      'bad-file',
      `${path} can be read by others (mode ${(mode & 0o777).toString(8)})`,
      `chmod 600 ${path}`,
    ).failure;
  }
  // root reads and writes everything anyway.
  if (us === undefined || uid === us || uid === 0) return undefined;
  return fail(
    'bad-file',
    `${path} belongs to user ${uid}, who can read and change it; we are user ${us}`,
    `chown ${us} ${path}`,
  ).failure;
}
