import { z } from 'zod';
import { KnownCertificate } from './certificate.ts';
import { Command } from './command.ts';
import { Failure } from './failure.ts';
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
]);
export type EntryBody = z.infer<typeof EntryBody>;

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
