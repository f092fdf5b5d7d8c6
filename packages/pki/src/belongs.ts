import { createPrivateKey } from 'node:crypto';
import { Secret } from '@etcd-rotate/protocol';
import type { Certificate } from './certificate.ts';
import type { RawName } from './raw-name.ts';

/** Whether a private key is the one a certificate was made for. A key that cannot be read is not. */
export function keyMatches(certificate: Certificate, key: Secret | string): boolean {
  try {
    return certificate.x509.checkPrivateKey(createPrivateKey(key instanceof Secret ? key.reveal() : key));
  } catch {
    return false;
  }
}

/** Whether two certificates are for the same key, as after a CA was renewed or cross-certified. */
export function sameKey(a: Certificate, b: Certificate): boolean {
  return a.facts.publicKey === b.facts.publicKey;
}

/** The subject of a certificate, byte for byte. */
export function subjectOf(certificate: Certificate): RawName {
  return certificate.parts.subject;
}
