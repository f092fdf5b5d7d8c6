import { type Certificate, verifies } from './certificate.ts';

/** Which certificate was signed by which, once found out: a proof asks the same few pairs thousands of times. */
export type SignatureCache = Map<string, boolean>;

/** Whether the issuer's key made the certificate's signature. Says nothing of names, dates or rights. */
export function signedBy(certificate: Certificate, issuer: Certificate, cache: SignatureCache): boolean {
  const pair = `${certificate.facts.fingerprint}:${issuer.facts.publicKey}`;
  const known = cache.get(pair);
  if (known !== undefined) return known;
  const found = verifies(certificate.x509, issuer.x509.publicKey);
  cache.set(pair, found);
  return found;
}
