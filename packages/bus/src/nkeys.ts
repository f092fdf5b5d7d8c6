import { nkeys } from 'nats';

/** A NATS user key: the seed is for the identity file, the public key for the server's configuration. */
export function createNkey(): { seed: string; publicKey: string } {
  const pair = nkeys.createUser();
  return { seed: new TextDecoder().decode(pair.getSeed()), publicKey: pair.getPublicKey() };
}
