import {
  createCipheriv,
  createDecipheriv,
  createPublicKey,
  diffieHellman,
  generateKeyPairSync,
  hkdfSync,
  type KeyObject,
  randomBytes,
} from 'node:crypto';
import { type SealedToCoordinator, Secret } from '@etcd-rotate/protocol';

/** What a sealed CA key is for: sealed for one CA under one name, it opens for no other. */
export interface SealedFor {
  fleet: string;
  /** What the CA is going to be called. */
  name: string;
  /** Of its certificate. */
  fingerprint: string;
}

/** A key that the coordinator makes to be sent one secret. It is in memory alone. */
export interface SealKey {
  /** The raw X25519 public key in base64. */
  publicKey: string;
  /** The content, or undefined where it was sealed for another key or another CA, or was changed. */
  open(sealed: SealedToCoordinator, about: SealedFor): Secret | undefined;
}

export function createSealKey(): SealKey {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const to = rawOf(publicKey);
  return {
    publicKey: to,
    open(sealed, about) {
      if (sealed.to !== to) return undefined;
      const context = contextOf(about, sealed);
      const key = sharedKey(privateKey, sealed.from, context);
      return key && opened(sealed, key, context);
    },
  };
}

/**
 * Seals a secret so that only who has the private half of `to` can read it: not NATS, nor whoever keeps what was sent and
 * finds the coordinator's other keys later, since both keys of the exchange are forgotten.
 *
 * @param to as the coordinator gave it, in a reply that it signed
 */
export function sealToCoordinator(
  to: string,
  content: Secret,
  about: SealedFor,
): SealedToCoordinator | undefined {
  const { privateKey, publicKey } = generateKeyPairSync('x25519');
  const keys = { to, from: rawOf(publicKey) };
  const context = contextOf(about, keys);
  const key = sharedKey(privateKey, to, context);
  if (!key) return undefined;
  const nonce = randomBytes(12);
  const cipher = createCipheriv('aes-256-gcm', key, nonce, { authTagLength: 16 }).setAAD(context);
  const clear = Buffer.from(content.reveal());
  const data = Buffer.concat([cipher.update(clear), cipher.final()]).toString('base64');
  clear.fill(0);
  key.fill(0);
  return { ...keys, nonce: nonce.toString('base64'), tag: cipher.getAuthTag().toString('base64'), data };
}

function opened({ nonce, tag, data }: SealedToCoordinator, key: Buffer, context: Buffer): Secret | undefined {
  const cipher = createDecipheriv('aes-256-gcm', key, Buffer.from(nonce, 'base64'), { authTagLength: 16 });
  cipher.setAAD(context).setAuthTag(Buffer.from(tag, 'base64'));
  key.fill(0);
  const clear = cipher.update(Buffer.from(data, 'base64'));
  try {
    cipher.final();
    return new Secret(clear.toString());
  } catch {
    return undefined;
  } finally {
    clear.fill(0);
  }
}

/** Everything that both sides must mean the same by. */
function contextOf(
  { fleet, name, fingerprint }: SealedFor,
  { to, from }: { to: string; from: string },
): Buffer {
  return Buffer.from(JSON.stringify(['etcd-rotate.v1.seal', fleet, name, fingerprint, to, from]));
}

/** Undefined for a public key of small order, with which the outcome would not depend on ours. */
function sharedKey(privateKey: KeyObject, other: string, context: Buffer): Buffer | undefined {
  try {
    const der = Buffer.concat([spkiPrefix, Buffer.from(other, 'base64')]);
    const publicKey = createPublicKey({ key: der, format: 'der', type: 'spki' });
    const secret = diffieHellman({ privateKey, publicKey });
    const key = Buffer.from(hkdfSync('sha256', secret, Buffer.alloc(0), context, 32));
    secret.fill(0);
    return key;
  } catch {
    return undefined;
  }
}

function rawOf(publicKey: KeyObject): string {
  return publicKey.export({ type: 'spki', format: 'der' }).subarray(spkiPrefix.length).toString('base64');
}

/** The DER of an X25519 SubjectPublicKeyInfo up to the key's 32 bytes (RFC 8410). */
const spkiPrefix = Buffer.from('302a300506032b656e032100', 'hex');
