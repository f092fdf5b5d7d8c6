import { z } from 'zod';
import { Failure } from './failure.ts';
import { Nkey, PublicKey } from './identity.ts';
import { Id, Instant, Name } from './name.ts';

/**
 * A node without an identity asks to be let in. Signed with the key it has just made, whose possession that proves;
 * `proof` is the token's signature over the same keys, so that nobody on the way can put others in their place.
 */
export const JoinRequest = z.strictObject({
  v: z.literal(1),
  id: Id,
  fleet: Name,
  node: Name,
  issuedAt: Instant,
  expiresAt: Instant,
  nkey: Nkey,
  publicKey: PublicKey,
  /** The coordinator's key that the token has: the reply is signed so that it is believed. */
  trusts: PublicKey,
  /** The public half of the token. */
  token: PublicKey,
  /** An Ed25519 signature in base64. */
  proof: z.base64().length(88),
});
export type JoinRequest = z.infer<typeof JoinRequest>;

/** Signed by the coordinator, whose key is in the token. */
export const JoinReply = z.strictObject({
  v: z.literal(1),
  id: Id,
  at: Instant,
  outcome: z.union([
    z.strictObject({
      ok: z.literal(true),
      /** Whom to obey: the present one, where the token has the one from before. */
      coordinatorKey: PublicKey,
      /** Whether NATS knows the new nkey by now, or somebody has to tell it. */
      nats: z.enum(['embedded', 'external']),
    }),
    z.strictObject({ ok: z.literal(false), failure: Failure }),
  ]),
});
export type JoinReply = z.infer<typeof JoinReply>;
