import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign as signBytes,
  verify as verifyBytes,
} from 'node:crypto';
import { type PublicKey, Secret } from '@etcd-rotate/protocol';

/** What may be signed. The kind is part of what is signed, so that no message can stand for one of another kind. */
export type Kind = 'command' | 'result' | 'request' | 'reply' | 'join' | 'join-reply';

/** What is signed besides messages: what NATS keeps for us, and might change; and the keys that a token is shown for. */
type Signed = Kind | 'journal' | 'token';

/** An Ed25519 key pair: PKCS#8 PEM, and the raw public key in base64. */
export function createSigningKey(): { privateKey: Secret; publicKey: PublicKey } {
  const pair = generateKeyPairSync('ed25519');
  const spki = pair.publicKey.export({ type: 'spki', format: 'der' });
  return {
    privateKey: new Secret(pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()),
    publicKey: spki.subarray(spkiPrefix.length).toString('base64'),
  };
}

/** The raw public key of a private one, in base64. */
export function publicKeyOf(privateKey: Secret): PublicKey {
  const spki = createPublicKey(privateKey.reveal()).export({ type: 'spki', format: 'der' });
  return spki.subarray(spkiPrefix.length).toString('base64');
}

/** @returns the signature over the kind's context and exactly these bytes, in base64 */
export function sign(kind: Signed, data: Uint8Array, privateKey: Secret): string {
  return signBytes(null, inContext(kind, data), createPrivateKey(privateKey.reveal())).toString('base64');
}

export function verify(
  kind: Signed,
  signed: { data: Uint8Array; signature: string },
  publicKey: PublicKey,
): boolean {
  const signature = Buffer.from(signed.signature, 'base64');
  // Buffer.from skips what is not base64; a signature has one spelling, so that it can be compared as text.
  if (signature.length !== 64 || signature.toString('base64') !== signed.signature) return false;
  const spki = Buffer.concat([spkiPrefix, Buffer.from(publicKey, 'base64')]);
  const key = createPublicKey({ key: spki, format: 'der', type: 'spki' });
  return verifyBytes(null, inContext(kind, signed.data), key, signature);
}

/** The DER of an Ed25519 SubjectPublicKeyInfo up to the key's 32 bytes (RFC 8410). */
const spkiPrefix = Buffer.from('302a300506032b6570032100', 'hex');

function inContext(kind: Signed, data: Uint8Array): Buffer {
  return Buffer.concat([Buffer.from(`etcd-rotate.v1.${kind}\n`), data]);
}
