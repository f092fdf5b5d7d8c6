import { chmod, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import type { PublicKey } from '@etcd-rotate/protocol';

/**
 * The coordinator has another signing key, and the one we know says so: from now on that one is believed. Where our file
 * cannot be written, the one from before is believed for as long as the coordinator has it.
 */
export async function pinNewKey(identityFile: string, key: PublicKey): Promise<string> {
  const part = `${identityFile}.part`;
  try {
    const { mode } = await stat(identityFile);
    const identity: unknown = JSON.parse(await readFile(identityFile, 'utf8'));
    if (typeof identity !== 'object') throw new Error('it is not an object');
    await writeFile(part, `${JSON.stringify({ ...identity, coordinatorKey: key }, undefined, 2)}\n`, {
      mode: 0o600,
      flag: 'wx',
    });
    await chmod(part, mode & 0o777);
    await rename(part, identityFile);
    return `the coordinator has a new signing key; ${identityFile} knows it from now on`;
  } catch (error) {
    await rm(part, { force: true }).catch(() => undefined);
    return `the coordinator has a new signing key, and ${identityFile} cannot be written (${String(error)}): set its coordinatorKey to ${key}`;
  }
}
