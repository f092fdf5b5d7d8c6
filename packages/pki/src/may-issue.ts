import type { Certificate } from './certificate.ts';
import { keyUsageBits } from './oids.ts';

/** Whether a certificate is that of a CA and, where it says what its key is for, for certificates. */
export function mayIssue({ parts }: Certificate): boolean {
  const { isCa, keyUsage } = parts.extensions;
  return isCa && (keyUsage === undefined || (keyUsage & keyUsageBits.keyCertSign) !== 0);
}
