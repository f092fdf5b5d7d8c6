import { type KeyObject, sign } from 'node:crypto';
import { type Element, nothing, objectId, sequence } from './write-der.ts';

interface Algorithm {
  hash: string | null;
  keyType: 'rsa' | 'ec' | 'ed25519';
}

/** Signature algorithms that are good enough to believe. SHA-1 and older are not: Go and OpenSSL refuse them too. */
export const signatureAlgorithms: Readonly<Record<string, Algorithm>> = {
  '1.2.840.113549.1.1.11': { hash: 'sha256', keyType: 'rsa' },
  '1.2.840.113549.1.1.12': { hash: 'sha384', keyType: 'rsa' },
  '1.2.840.113549.1.1.13': { hash: 'sha512', keyType: 'rsa' },
  '1.2.840.10045.4.3.2': { hash: 'sha256', keyType: 'ec' },
  '1.2.840.10045.4.3.3': { hash: 'sha384', keyType: 'ec' },
  '1.2.840.10045.4.3.4': { hash: 'sha512', keyType: 'ec' },
  '1.3.101.112': { hash: null, keyType: 'ed25519' },
};

/** Signs bytes with the algorithm that suits the key, and gives the identifier that goes beside the signature. */
export function signWith(key: KeyObject, bytes: Uint8Array): Buffer {
  return sign(signatureAlgorithms[algorithmFor(key)]?.hash ?? null, bytes, key);
}

export function algorithmIdentifier(key: KeyObject): Element {
  const id = objectId(algorithmFor(key));
  return key.asymmetricKeyType === 'rsa' ? sequence(id, nothing()) : sequence(id);
}

/** Also for kinds that are never made here: the CA that is adopted may be RSA 3072 (kubeadm) or Ed25519. */
function algorithmFor(key: KeyObject): string {
  const curve = key.asymmetricKeyDetails?.namedCurve;
  if (key.asymmetricKeyType === 'rsa') return '1.2.840.113549.1.1.11';
  if (key.asymmetricKeyType === 'ed25519') return '1.3.101.112';
  if (curve === 'prime256v1') return '1.2.840.10045.4.3.2';
  if (curve === 'secp384r1') return '1.2.840.10045.4.3.3';
  if (curve === 'secp521r1') return '1.2.840.10045.4.3.4';
  throw new Error(`cannot sign with a key of type ${key.asymmetricKeyType ?? 'unknown'} ${curve ?? ''}`);
}
