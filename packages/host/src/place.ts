import { createHash } from 'node:crypto';
import { realpath } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Where a file lies, through links of folders but not of the file itself, which may be ours. */
export async function place(path: string): Promise<string> {
  return join(await realpath(dirname(path)).catch(() => dirname(path)), basename(path));
}

/** Which file it is, as a word that says no path: the same one for the same file of this node. */
export async function fileWord(path: string): Promise<string> {
  return createHash('sha256')
    .update(await place(path))
    .digest('hex')
    .slice(0, 16);
}
