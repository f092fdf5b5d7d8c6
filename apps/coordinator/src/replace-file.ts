import { constants } from 'node:fs';
import { open, rename, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/** Writes JSON so that after a crash the file is there whole, as before or as after; its owner stays. */
export async function replaceFile(path: string, value: object): Promise<void> {
  const part = `${path}.part`;
  const before = await stat(path).catch(() => undefined);
  {
    await using file = await open(part, constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC, 0o600);
    if (before && process.getuid?.() === 0) await file.chown(before.uid, before.gid);
    await file.writeFile(`${JSON.stringify(value, undefined, 2)}\n`);
    await file.sync();
  }
  await rename(part, path);
  await using folder = await open(dirname(path), 'r');
  await folder.sync();
}
