import { generateKeyPair } from 'node:crypto';
import { type KeyKind, Secret } from '@etcd-rotate/protocol';

/**
 * Makes a private key (PKCS#8 PEM). The only asynchronous function here: forge would take up to half a minute for RSA
 * 4096 and hold up everything else meanwhile (facts: toolchain, 5.1).
 */
export function generateKey(kind: KeyKind): Promise<Secret> {
  return new Promise((resolve, reject) => {
    const done = (error: Error | null, _public: string, key: string) =>
      error ? reject(error) : resolve(new Secret(key));
    switch (kind) {
      case 'rsa-2048':
        return generateKeyPair('rsa', { modulusLength: 2048, ...encodings }, done);
      case 'rsa-4096':
        return generateKeyPair('rsa', { modulusLength: 4096, ...encodings }, done);
      case 'ecdsa-p256':
        return generateKeyPair('ec', { namedCurve: 'P-256', ...encodings }, done);
      case 'ecdsa-p384':
        return generateKeyPair('ec', { namedCurve: 'P-384', ...encodings }, done);
    }
  });
}

const encodings = {
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
} as const;
