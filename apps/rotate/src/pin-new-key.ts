import { randomUUID } from 'node:crypto';
import { open, readFile, realpath, rename, rm, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { PublicKey } from '@etcd-rotate/protocol';

/**
 * The coordinator has another signing key, and the one we know says so: from now on that one is believed. Where our file
 * cannot be written, the one from before is believed for as long as the coordinator has it.
 */
export async function pinNewKey(identityFile: string, key: PublicKey): Promise<string> {
  try {
    await replaceKey(await realpath(identityFile), key);
    return `the coordinator has a new signing key; ${identityFile} knows it from now on`;
  } catch (error) {
    return `the coordinator has a new signing key, and ${identityFile} cannot be written (${String(error)}): set its coordinatorKey to ${key}`;
  }
}

/** It is the only copy of a private key: there whole at every moment, as before or as after, with the owner that it had. */
async function replaceKey(path: string, key: PublicKey): Promise<void> {
  const { mode, uid, gid } = await stat(path);
  const identity: unknown = JSON.parse(await readFile(path, 'utf8'));
  if (typeof identity !== 'object' || identity === null) throw new Error('it is not an object');
  // Of our own: several commands may do this at once.
  const part = `${path}.${randomUUID()}.part`;
  try {
    {
      await using file = await open(part, 'wx', 0o600);
      if (process.getuid?.() === 0) await file.chown(uid, gid);
      await file.chmod(mode & 0o777);
      await file.writeFile(`${JSON.stringify({ ...identity, coordinatorKey: key }, undefined, 2)}\n`);
      await file.sync();
    }
    await rename(part, path);
  } catch (error) {
    await rm(part, { force: true });
    throw error;
  }
  await using folder = await open(dirname(path), 'r');
  await folder.sync();
}
