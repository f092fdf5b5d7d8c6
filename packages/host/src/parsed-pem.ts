import { type Certificate, readCertificates } from '@etcd-rotate/pki';
import type { Result } from '@etcd-rotate/protocol';

/** So many texts are remembered: those of all slots of a node, old and new. */
const keep = 100;
const parsed = new Map<string, Result<Certificate[]>>();

/** `readCertificates`, once for each text: the same few files are looked at many times in every step. */
export function parsedPem(pem: string): Result<Certificate[]> {
  const known = parsed.get(pem);
  if (known) return known;
  const read = readCertificates(pem);
  parsed.set(pem, read);
  for (const old of [...parsed.keys()].slice(0, -keep)) parsed.delete(old);
  return read;
}
