import { createHash } from 'node:crypto';

/**
 * @param integrity as in a lock file of npm: `sha512-…`
 * @throws where the bytes are not those
 */
export function verifyIntegrity(bytes: Uint8Array, integrity: string, what: string): void {
  const found = `sha512-${createHash('sha512').update(bytes).digest('base64')}`;
  if (found !== integrity) throw new Error(`${what} is ${found}, and the lock file says ${integrity}`);
}
