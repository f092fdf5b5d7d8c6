import { randomBytes } from 'node:crypto';
import { fail, ok, type Result, type Secret } from '@etcd-rotate/protocol';
import { z } from 'zod';
import type { CaFiles } from './ca-files.ts';
import { parseJson } from './parse-json.ts';
import { cost, deriveKey, Kdf } from './scrypt.ts';
import { Sealed, seal, unseal } from './seal.ts';

/** `proof` is sealed nothing: it tells a wrong passphrase even where there is no CA yet. */
const FolderFile = z.strictObject({ version: z.literal(1), kdf: Kdf, proof: Sealed });

export const folderFile = 'kdf.json';

/**
 * Gives the key that wraps the data key of every CA in the folder. One salt for the folder, so that opening it costs
 * one scrypt however many CAs it has. An empty folder is made this passphrase's.
 */
export async function unlockFolder(files: CaFiles, passphrase: Secret): Promise<Result<Buffer>> {
  const text = await files.read(folderFile);
  if (!text.ok) return text;
  if (text.value === undefined) return lockNew(files, passphrase);
  const path = files.path(folderFile);
  const file = parseJson(text.value, FolderFile, path);
  if (!file.ok) return file;
  const key = await deriveKey(passphrase, file.value.kdf);
  if (unseal(file.value.proof, key, headerOf(file.value.kdf))) return ok(key);
  key.fill(0);
  return fail(
    'wrong-passphrase',
    `the passphrase does not open the CA keys in ${files.where}`,
    'give the passphrase that the folder was made with; it cannot be recovered',
  );
}

async function lockNew(files: CaFiles, passphrase: Secret): Promise<Result<Buffer>> {
  const names = await files.names();
  if (!names.ok) return names;
  const sealed = names.value.find((name) => name.endsWith('.json'));
  // A new salt would not open what is there, and would stand where the right one has to come back to.
  if (sealed !== undefined) {
    const message = `${files.path(folderFile)} is missing, without which ${files.path(sealed)} cannot be opened`;
    return fail('bad-file', message, 'restore it from a backup');
  }
  const kdf: Kdf = { ...cost, salt: randomBytes(16).toString('base64') };
  const key = await deriveKey(passphrase, kdf);
  const file = { version: 1, kdf, proof: seal(Buffer.alloc(0), key, headerOf(kdf)) };
  const written = await files.writeNew(folderFile, `${JSON.stringify(file, null, 2)}\n`);
  return written.ok ? ok(key) : written;
}

function headerOf({ kdf, N, r, p, salt }: Kdf): string {
  return JSON.stringify(['etcd-rotate folder', 1, kdf, N, r, p, salt]);
}
