import { fail, parse, type Result } from '@etcd-rotate/protocol';
import type { z } from 'zod';

const longest = 256 * 1024;

/** A file of this package from its text. */
export function parseJson<T>(text: string, schema: z.ZodType<T>, where: string): Result<T> {
  const hint = 'restore it from a backup';
  if (text.length > longest) return fail('bad-file', `${where} is longer than ${longest} bytes`, hint);
  try {
    return parse(schema, JSON.parse(text), where);
  } catch {
    // JSON.parse quotes what it reads, and what it reads may be a key.
    return fail('bad-file', `${where} is not JSON`, hint);
  }
}
