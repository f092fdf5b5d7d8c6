import { type Certificate, verifies } from './certificate.ts';

/** Which certificate was signed by which, once found out: a proof asks the same few pairs thousands of times. */
export type SignatureCache = Map<string, boolean>;

/** Whether the issuer's key made the certificate's signature. Says nothing of names, dates or rights. */
export function signedBy(certificate: Certificate, issuer: Certificate, cache: SignatureCache): boolean {
  const pair = pairOf(certificate, issuer);
  const known = cache.get(pair);
  if (known !== undefined) return known;
  const found = verifies(certificate.x509, issuer.x509.publicKey);
  cache.set(pair, found);
  return found;
}

/**
 * Has a certificate count as signed by an issuer who has not seen it. For one that nobody can ever present, since nobody has
 * its key: it shows what a leaf of an issuer would be, whose key is not here to sign with.
 */
export function supposeSigned(certificate: Certificate, issuer: Certificate, cache: SignatureCache): void {
  cache.set(pairOf(certificate, issuer), true);
}

function pairOf(certificate: Certificate, issuer: Certificate): string {
  return `${certificate.facts.fingerprint}:${issuer.facts.publicKey}`;
}
