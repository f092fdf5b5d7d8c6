import { scrypt, scryptSync } from 'node:crypto';
import type { Secret } from '@etcd-rotate/protocol';
import { z } from 'zod';

const keyLength = 32;
const mostMemory = 256 * 1024 * 1024;

/**
 * What turns a passphrase into a key. Read from files, so it is capped: a hostile file could otherwise ask for a
 * hundred gigabytes or for a day; and it has a floor, so that nobody can make guessing cheap either.
 */
export const Kdf = z
  .strictObject({
    kdf: z.literal('scrypt'),
    N: z
      .number()
      .int()
      .min(2 ** 15)
      .max(2 ** 18)
      .refine(isPowerOfTwo, 'a power of two'),
    r: z.number().int().min(8).max(16),
    p: z.number().int().min(1).max(4),
    salt: z.base64().length(24),
  })
  .refine(({ N, r }) => 128 * N * r <= mostMemory, 'N and r ask for too much memory');
export type Kdf = z.infer<typeof Kdf>;

/** About 70 ms and 32 MiB for each guess. */
export const cost = { kdf: 'scrypt', N: 2 ** 15, r: 8, p: 1 } as const;

export function deriveKey(passphrase: Secret, kdf: Kdf): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.reveal(), saltOf(kdf), keyLength, limits(kdf), (error, key) => {
      if (error) reject(error);
      else resolve(key);
    });
  });
}

export function deriveKeySync(passphrase: Secret, kdf: Kdf): Buffer {
  return scryptSync(passphrase.reveal(), saltOf(kdf), keyLength, limits(kdf));
}

function limits({ N, r, p }: Kdf) {
  return { N, r, p, maxmem: 2 * mostMemory };
}

function saltOf({ salt }: Kdf): Buffer {
  return Buffer.from(salt, 'base64');
}

function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(Math.log2(n));
}
