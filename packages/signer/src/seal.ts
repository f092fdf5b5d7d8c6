import { createCipheriv, createDecipheriv, randomBytes } from 'node:crypto';
import { z } from 'zod';

/** Bytes encrypted with AES-256-GCM, in base64. */
export const Sealed = z.strictObject({
  cipher: z.literal('aes-256-gcm'),
  nonce: z.base64().length(16),
  tag: z.base64().length(24),
  data: z.base64().max(65_536),
});
export type Sealed = z.infer<typeof Sealed>;

/** @param header what stands beside it in the clear and must not be changed without notice */
export function seal(content: Buffer, key: Buffer, header: string): Sealed {
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 }).setAAD(Buffer.from(header));
  const data = Buffer.concat([cipher.update(content), cipher.final()]);
  return {
    cipher: 'aes-256-gcm',
    nonce: nonce.toString('base64'),
    tag: cipher.getAuthTag().toString('base64'),
    data: data.toString('base64'),
  };
}

/** The content, or undefined where key, header or content are not those that it was sealed with. */
export function unseal(sealed: Sealed, key: Buffer, header: string): Buffer | undefined {
  const bytes = (field: 'nonce' | 'tag' | 'data') => Buffer.from(sealed[field], 'base64');
  // Without a fixed length a forged tag of four bytes would do.
  const cipher = createDecipheriv('aes-256-gcm', key, bytes('nonce'), { authTagLength: 16 });
  cipher.setAAD(Buffer.from(header)).setAuthTag(bytes('tag'));
  try {
    const content = cipher.update(bytes('data'));
    // Nothing comes last in this mode; what it does is to check the tag.
    cipher.final();
    return content;
  } catch {
    return undefined;
  }
}
