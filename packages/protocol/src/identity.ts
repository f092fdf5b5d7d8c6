import { z } from 'zod';
import { Name } from './name.ts';

/** A raw Ed25519 public key in base64, as in an SPKI's last 32 bytes. */
export const PublicKey = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);
export type PublicKey = z.infer<typeof PublicKey>;

/**
 * What a node or an operator is on NATS and by its signature: one file, mode 0600. Two keys on purpose: a NATS server
 * chooses the bytes that an nkey signs, so an nkey must never sign commands, results or requests.
 */
export const IdentityFile = z.strictObject({
  version: z.literal(1),
  fleet: Name,
  kind: z.enum(['node', 'operator']),
  name: Name,
  nats: z.strictObject({
    servers: z.array(z.string().startsWith('tls://')).min(1),
    /** The CA of our own that signed the NATS server's certificate, as PEM. */
    ca: z.string().includes('BEGIN CERTIFICATE'),
    /** Seed of the nkey that this identity connects with. */
    nkeySeed: z.string().startsWith('SU'),
  }),
  /** Ed25519 private key, PKCS#8 PEM: signs results and requests. */
  signingKey: z.string().includes('PRIVATE KEY'),
  coordinatorKey: PublicKey,
});
export type IdentityFile = z.infer<typeof IdentityFile>;

const Known = z.strictObject({
  kind: z.enum(['node', 'operator']),
  name: Name,
  nkey: z.string().startsWith('U'),
  key: PublicKey,
});

/** `identities.json` of the coordinator: the public half of every identity it knows. */
export const IdentitiesFile = z.strictObject({ version: z.literal(1), fleet: Name, known: z.array(Known) });
export type IdentitiesFile = z.infer<typeof IdentitiesFile>;

/** `coordinator.json`: who the coordinator is. It never leaves the control plane. */
export const CoordinatorIdentity = z.strictObject({
  version: z.literal(1),
  fleet: Name,
  /** Ed25519, PKCS#8 PEM: signs commands and replies. */
  signingKey: z.string().includes('PRIVATE KEY'),
  publicKey: PublicKey,
  nkeySeed: z.string().startsWith('SU'),
  nkey: z.string().startsWith('U'),
});
export type CoordinatorIdentity = z.infer<typeof CoordinatorIdentity>;
