import { randomBytes } from 'node:crypto';
import { Secret } from '@etcd-rotate/pki';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { z } from 'zod';
import { parseJson } from './parse-json.ts';
import { cost, deriveKeySync, Kdf } from './scrypt.ts';
import { Sealed, seal, unseal } from './seal.ts';

/** A private key that travels alone: exported, backed up, or carried to another coordinator. */
const KeyFile = z.strictObject({ version: z.literal(1), kdf: Kdf, key: Sealed });

/** Encrypts a key under a passphrase. Takes some 70 ms, on purpose. */
export function encryptKey(key: Secret, passphrase: Secret): string {
  const kdf: Kdf = { ...cost, salt: randomBytes(16).toString('base64') };
  const sealed = seal(Buffer.from(key.reveal()), deriveKeySync(passphrase, kdf), headerOf(kdf));
  return `${JSON.stringify({ version: 1, kdf, key: sealed }, null, 2)}\n`;
}

export function decryptKey(text: string, passphrase: Secret): Result<Secret> {
  const file = parseJson(text, KeyFile, 'the encrypted key');
  if (!file.ok) return file;
  const { kdf, key } = file.value;
  const content = unseal(key, deriveKeySync(passphrase, kdf), headerOf(kdf));
  return content
    ? ok(new Secret(content.toString()))
    : fail(
        'wrong-passphrase',
        'the passphrase does not open the encrypted key, or the file was changed',
        'give the passphrase it was encrypted with, or restore the file',
      );
}

/** In an order of its own, so that it is the same text whatever the order in the file. */
function headerOf({ kdf, N, r, p, salt }: Kdf): string {
  return JSON.stringify(['etcd-rotate key file', 1, kdf, N, r, p, salt]);
}
