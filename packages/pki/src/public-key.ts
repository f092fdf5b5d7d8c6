import { createPrivateKey, createPublicKey } from 'node:crypto';
import type { Secret } from '@etcd-rotate/protocol';

/** The public half of a private key, as SubjectPublicKeyInfo in DER. */
export function publicKeyOf(key: Secret): Buffer {
  return createPublicKey(createPrivateKey(key.reveal())).export({ type: 'spki', format: 'der' });
}
