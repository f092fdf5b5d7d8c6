import { z } from 'zod';
import { Fingerprint, KnownCertificate } from './certificate.ts';
import { Command } from './command.ts';
import { Failure } from './failure.ts';
import { Nkey, PublicKey } from './identity.ts';
import { Id, Instant, Name } from './name.ts';
import { NodeObservation } from './observation.ts';
import { Plan } from './plan.ts';
import { CommandResult } from './result.ts';
import { Domain, HolderId, Slot } from './slot.ts';

export const Outcome = z.enum(['rotated', 'rolled-back', 'abandoned']);
export type Outcome = z.infer<typeof Outcome>;

/** A certificate that the signer made. Canaries are a kind of their own. */
export const Signed = z.strictObject({
  holder: HolderId,
  for: z.union([z.strictObject({ slot: Slot }), z.strictObject({ canary: Domain })]),
  ca: Name,
  /** Leaf first, then what must travel with it. */
  chain: z.string(),
  facts: KnownCertificate.shape.facts,
});
export type Signed = z.infer<typeof Signed>;

/** What happened, as the journal keeps it. */
export const EntryBody = z.discriminatedUnion('type', [
  /** A coordinator takes the lead under this entry's epoch. */
  z.strictObject({
    type: z.literal('lead'),
    version: z.string(),
    /** Which coordinator, where there may be several. */
    coordinator: Name.optional(),
  }),
  z.strictObject({
    type: z.literal('started'),
    rotation: Id,
    cluster: Name,
    operator: Name,
    /** The request's id: the same request starts one rotation, however often it comes. */
    request: Id,
    plan: Plan,
    /** What the plan was made from: the leaves and bundles that were there. */
    observations: z.array(NodeObservation),
  }),
  z.strictObject({
    type: z.literal('ca'),
    rotation: Id,
    /** The name in the plan, e.g. `new-client-ca`. */
    role: Name,
    /** The name in the coordinator's store of CAs. */
    name: Name,
    domains: z.array(Domain),
    certificate: KnownCertificate,
  }),
  z.strictObject({ type: z.literal('sent'), rotation: Id, step: Id, command: Command }),
  z.strictObject({ type: z.literal('result'), rotation: Id, step: Id, result: CommandResult }),
  z.strictObject({ type: z.literal('signed'), rotation: Id, step: Id, certificates: z.array(Signed) }),
  /** An operator wants it to stop before its next step. */
  z.strictObject({ type: z.literal('holding'), rotation: Id, operator: Name }),
  z.strictObject({ type: z.literal('held'), rotation: Id, failure: Failure }),
  z.strictObject({
    type: z.literal('resumed'),
    rotation: Id,
    operator: Name,
    /** Nodes that have lost what they kept, and are prepared once more: nothing of what is missing was changed yet. */
    prepareAgain: z.array(Name).optional(),
  }),
  /** From here the rotation goes back, by a plan of its own from what was there when it was asked for. */
  z.strictObject({
    type: z.literal('turned'),
    rotation: Id,
    operator: Name,
    request: Id,
    plan: Plan,
    observations: z.array(NodeObservation),
  }),
  z.strictObject({
    type: z.literal('finished'),
    rotation: Id,
    outcome: Outcome,
    /** Who gave it up, where it was given up. */
    operator: Name.optional(),
  }),
  /** A second operator has seen the plan and lets it begin, or lets old leaves be refused; then it goes on. */
  z.strictObject({
    type: z.literal('approved'),
    rotation: Id,
    operator: Name,
    /** Before which steps it was held for that. */
    before: z.enum(['start', 'retire']),
    /** As of one that is resumed. */
    prepareAgain: z.array(Name).optional(),
  }),
  /** A token for one node was made: whoever has its private half may join as that node, once, until it expires. */
  z.strictObject({
    type: z.literal('invited'),
    node: Name,
    operator: Name,
    /** The public half of the token. */
    token: PublicKey,
    expiresAt: Instant,
    /** Whether the node may have an identity already, which ends when the new one begins. */
    replaces: z.boolean(),
  }),
  /** A node has made its keys and was let in; the token is used up. */
  z.strictObject({
    type: z.literal('joined'),
    node: Name,
    token: PublicKey,
    nkey: Nkey,
    publicKey: PublicKey,
  }),
  /** The identity of a node, and its tokens, are worth nothing from here on. */
  z.strictObject({
    type: z.literal('removed'),
    node: Name,
    operator: Name,
    /** Of the identity that ends, where there was one. */
    publicKey: PublicKey.optional(),
  }),
  /** A node obeys whoever has this signing key, and nobody else. */
  z.strictObject({ type: z.literal('key-trusted'), node: Name, publicKey: PublicKey }),
  /** What was done with a CA key apart from rotations. */
  z.strictObject({
    type: z.literal('ca-key'),
    did: z.enum(['adopted', 'exported', 'destroyed']),
    /** The name in the coordinator's store of CAs. */
    name: Name,
    fingerprint: Fingerprint,
    subject: z.string(),
    /** Who asked; nobody where it was done on the coordinator's own machine. */
    operator: Name.optional(),
  }),
]);
export type EntryBody = z.infer<typeof EntryBody>;

/** What is written down of a rotation; the rest is about the fleet. */
export type OfRotation = Extract<EntryBody, { rotation: string }>;

export function isOfRotation(body: EntryBody): body is OfRotation {
  return 'rotation' in body;
}

/**
 * One line of the journal. `prev` is the SHA-256 of the line before (64 zeros for the first), so that a changed line
 * is found and named.
 */
export const Entry = z.strictObject({
  v: z.literal(1),
  seq: z.number().int().positive(),
  prev: z.string().regex(/^[0-9a-f]{64}$/),
  at: Instant,
  epoch: z.number().int().nonnegative(),
  body: EntryBody,
});
export type Entry = z.infer<typeof Entry>;
