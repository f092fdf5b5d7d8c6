import { createPrivateKey, type KeyObject, sign, verify } from 'node:crypto';
import type { Secret } from '@etcd-rotate/protocol';
import type { Certificate } from './certificate.ts';

/**
 * Shows that whoever asks for a certificate has the key of the one that it shall be like. A certificate is nothing secret:
 * without this a node could name somebody else's as its own, and get the next one in that name.
 *
 * @param csr the request, PEM
 * @returns a signature in base64
 */
export function provePossession(csr: string, key: Secret): string {
  const privateKey = createPrivateKey(key.reveal());
  return sign(digestFor(privateKey), inContext(csr), privateKey).toString('base64');
}

/** Whether the key of this certificate has signed for this very request. */
export function possessionProven(certificate: Certificate, csr: string, proof: string): boolean {
  const { publicKey } = certificate.x509;
  try {
    return verify(digestFor(publicKey), inContext(csr), publicKey, Buffer.from(proof, 'base64'));
  } catch {
    return false;
  }
}

/** Ed25519 and Ed448 have a digest of their own. */
function digestFor({ asymmetricKeyType }: KeyObject): string | null {
  return asymmetricKeyType?.startsWith('ed') ? null : 'sha256';
}

/** So that it is a signature over nothing else: a TLS server signs bytes that others choose. */
function inContext(csr: string): Buffer {
  return Buffer.from(`etcd-rotate.v1.possession\n${csr}`);
}
