import { z } from 'zod';
import { Name } from './name.ts';
import { Secret } from './secret.ts';

/** A raw Ed25519 public key in base64, as in an SPKI's last 32 bytes. */
export const PublicKey = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);
export type PublicKey = z.infer<typeof PublicKey>;

/** In a file it is text; once read it is a secret. */
const asSecret = (text: string): Secret => new Secret(text);

/** Ed25519 private key, PKCS#8 PEM. */
const SigningKey = z.string().includes('PRIVATE KEY').transform(asSecret);

/** Seed of an nkey, with which an identity connects to NATS. */
const NkeySeed = z.string().startsWith('SU').transform(asSecret);

/** A public nkey of a user. */
export const Nkey = z.string().regex(/^U[A-Z2-7]{55}$/);

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
    nkeySeed: NkeySeed,
  }),
  /** Signs results and requests. */
  signingKey: SigningKey,
  coordinatorKey: PublicKey,
});
export type IdentityFile = z.infer<typeof IdentityFile>;
/** As it is written. */
export type IdentityText = z.input<typeof IdentityFile>;

const Known = z.strictObject({
  kind: z.enum(['node', 'operator']),
  name: Name,
  nkey: Nkey,
  key: PublicKey,
  /** An operator who may look, and not steer. */
  readOnly: z.literal(true).optional(),
});
export type KnownIdentity = z.infer<typeof Known>;

/** `identities.json` of the coordinator: the public half of every identity it knows. */
export const IdentitiesFile = z.strictObject({ version: z.literal(1), fleet: Name, known: z.array(Known) });
export type IdentitiesFile = z.infer<typeof IdentitiesFile>;

/** `coordinator.json`: who the coordinator is. It never leaves the control plane. */
export const CoordinatorIdentity = z.strictObject({
  version: z.literal(1),
  fleet: Name,
  /** Signs commands and replies. */
  signingKey: SigningKey,
  publicKey: PublicKey,
  nkeySeed: NkeySeed,
  nkey: Nkey,
  /** What nodes connect with that have no identity yet: it may ask to be let in, and nothing else. */
  joining: z.strictObject({ nkeySeed: NkeySeed, nkey: Nkey }),
  /** Public halves of earlier signing keys, the oldest first: a journal that coordinators share is signed with those. */
  former: z.array(PublicKey).default([]),
  /** The signing key from before the present one: it tells nodes that know no other yet which one to obey from now on. */
  retiring: z.strictObject({ signingKey: SigningKey, publicKey: PublicKey }).optional(),
});
export type CoordinatorIdentity = z.infer<typeof CoordinatorIdentity>;
export type CoordinatorText = z.input<typeof CoordinatorIdentity>;
