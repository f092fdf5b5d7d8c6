import { Secret } from '@etcd-rotate/protocol';
import { nkeys } from 'nats';

/** Whether a server would take it for the public nkey of a user: the checksum in it is right. */
export function isNkey(text: string): boolean {
  try {
    nkeys.fromPublic(text);
    return text.startsWith('U');
  } catch {
    return false;
  }
}

/** The public nkey of a seed. */
export function nkeyOf(seed: Secret): string {
  return nkeys.fromSeed(new TextEncoder().encode(seed.reveal())).getPublicKey();
}

/** A NATS user key: the seed is for the identity file, the public key for the server's configuration. */
export function createNkey(): { seed: Secret; publicKey: string } {
  const pair = nkeys.createUser();
  return { seed: new Secret(new TextDecoder().decode(pair.getSeed())), publicKey: pair.getPublicKey() };
}
