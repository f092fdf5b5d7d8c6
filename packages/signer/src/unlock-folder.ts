import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Secret } from '@etcd-rotate/pki';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { z } from 'zod';
import { parseJson } from './parse-json.ts';
import { cost, deriveKey, Kdf } from './scrypt.ts';
import { Sealed, seal, unseal } from './seal.ts';
import { writeNewFile } from './write-new-file.ts';

/** `proof` is sealed nothing: it tells a wrong passphrase even where there is no CA yet. */
const FolderFile = z.strictObject({ version: z.literal(1), kdf: Kdf, proof: Sealed });

export const folderFile = 'kdf.json';

/**
 * Gives the key that wraps the data key of every CA in the folder. One salt for the folder, so that opening it costs
 * one scrypt however many CAs it has. A folder that is not there is made, with this passphrase.
 */
export async function unlockFolder(folder: string, passphrase: Secret): Promise<Result<Buffer>> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, folderFile);
  const text = await readFile(path, 'utf8').catch(orMissing);
  if (text === undefined) return lockNew(path, passphrase);
  const file = parseJson(text, FolderFile, path);
  if (!file.ok) return file;
  const key = await deriveKey(passphrase, file.value.kdf);
  return unseal(file.value.proof, key, headerOf(file.value.kdf))
    ? ok(key)
    : fail(
        'wrong-passphrase',
        `the passphrase does not open the CA keys in ${folder}`,
        'give the passphrase that the folder was made with; it cannot be recovered',
      );
}

async function lockNew(path: string, passphrase: Secret): Promise<Result<Buffer>> {
  const kdf: Kdf = { ...cost, salt: randomBytes(16).toString('base64') };
  const key = await deriveKey(passphrase, kdf);
  const file = { version: 1, kdf, proof: seal(Buffer.alloc(0), key, headerOf(kdf)) };
  const written = await writeNewFile(path, `${JSON.stringify(file, null, 2)}\n`);
  return written.ok ? ok(key) : written;
}

function headerOf({ kdf, N, r, p, salt }: Kdf): string {
  return JSON.stringify(['etcd-rotate folder', 1, kdf, N, r, p, salt]);
}

function orMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}
