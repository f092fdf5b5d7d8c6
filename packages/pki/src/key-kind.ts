import { createPrivateKey, type KeyObject } from 'node:crypto';
import { fail, type KeyKind, ok, type Result, type Secret } from '@etcd-rotate/protocol';

/** What kind of private key a PEM holds; `other` is one that can be read but that this project never makes. */
export function keyKindOf(key: Secret): Result<KeyKind | 'other'> {
  try {
    return ok(kindOfKey(createPrivateKey(key.reveal())));
  } catch {
    // The cause is left out on purpose: it is OpenSSL's, and useless to whoever reads it.
    return fail(
      'bad-key',
      'the private key cannot be read',
      'give an unencrypted private key in PEM (PKCS#8, PKCS#1 or SEC 1)',
    );
  }
}

export function kindOfKey(key: KeyObject): KeyKind | 'other' {
  const details = key.asymmetricKeyDetails;
  if (key.asymmetricKeyType === 'rsa') {
    // A tiny exponent is legal and has been the start of several forgeries.
    if ((details?.publicExponent ?? 0n) < 65537n) return 'other';
    if (details?.modulusLength === 2048) return 'rsa-2048';
    if (details?.modulusLength === 4096) return 'rsa-4096';
  }
  if (key.asymmetricKeyType === 'ec') {
    if (details?.namedCurve === 'prime256v1') return 'ecdsa-p256';
    if (details?.namedCurve === 'secp384r1') return 'ecdsa-p384';
  }
  return 'other';
}
