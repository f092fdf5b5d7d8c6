import { createPrivateKey } from 'node:crypto';
import { Secret } from '@etcd-rotate/protocol';

/**
 * A private key as it leaves the store: PKCS#8 in PEM. Node derives the key of an encrypted one with PBKDF2 and 2048
 * rounds, which is all that a guess costs: the passphrase has to be random and long.
 */
export function exportedKey(key: Secret, passphrase: Secret | undefined): Secret {
  const form = { type: 'pkcs8', format: 'pem' } as const;
  const locked = passphrase && { cipher: 'aes-256-cbc', passphrase: passphrase.reveal() };
  return new Secret(
    createPrivateKey(key.reveal())
      .export({ ...form, ...locked })
      .toString(),
  );
}
