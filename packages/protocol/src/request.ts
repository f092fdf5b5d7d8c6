import { z } from 'zod';
import { Entry } from './entry.ts';
import { Failure } from './failure.ts';
import { Restarts, Strategy } from './fleet-file.ts';
import { Id, Instant, Name } from './name.ts';
import { Alternative, Direction, Plan, ProofLine } from './plan.ts';
import { Domain } from './slot.ts';

/** What an operator asks for: which cluster shall end on which CAs, and how. */
export const RotationRequest = z.strictObject({
  cluster: Name,
  domains: z.array(Domain).min(1),
  strategy: Strategy,
  restarts: Restarts.optional(),
  /** CAs that the coordinator holds and the domains shall end on; a domain not named here gets a new one. */
  targets: z.partialRecord(Domain, Name),
  acceptDowntime: z.boolean(),
  /** With `renew`: every leaf, or those that a new one would outlive by a tenth of its validity or more. */
  leaves: z.enum(['all', 'due']).default('all'),
  /** CAs that leave the bundles at retire besides those that issued what is presented now: how their fingerprints begin. */
  retire: z.array(z.string().regex(/^[0-9a-f]{8,64}$/)).default([]),
  /** The target CA may have the key of an old one: a re-issue, of which only a new process is proof. */
  reissue: z.boolean().default(false),
  /** Hold before the first step that refuses what was accepted before, also where the policy does not ask for it. */
  confirmRetire: z.boolean().default(false),
});
export type RotationRequest = z.infer<typeof RotationRequest>;

export const OperatorBody = z.discriminatedUnion('type', [
  z.strictObject({ type: z.literal('plan'), request: RotationRequest }),
  /** `digest` is what the operator agreed to; the coordinator plans again and refuses when it differs. */
  z.strictObject({ type: z.literal('start'), request: RotationRequest, digest: z.string() }),
  z.strictObject({ type: z.literal('status'), cluster: Name.optional() }),
  /** Entries after `after`; waits up to `waitMs` for the next one. */
  z.strictObject({
    type: z.literal('journal'),
    rotation: Id.optional(),
    after: z.number().int().nonnegative(),
    waitMs: z.number().int().min(0).max(20_000),
  }),
  z.strictObject({ type: z.literal('hold'), rotation: Id }),
  z.strictObject({ type: z.literal('resume'), rotation: Id }),
  /** The plan of a way back, as `plan` gives that of a way out. */
  z.strictObject({ type: z.literal('plan-rollback'), rotation: Id, keepNewCa: z.boolean() }),
  z.strictObject({
    type: z.literal('rollback'),
    rotation: Id,
    keepNewCa: z.boolean(),
    digest: z.string(),
  }),
  z.strictObject({ type: z.literal('abandon'), rotation: Id }),
  /** Makes the nodes of a cluster obey this coordinator, whatever epoch they have stored. */
  z.strictObject({ type: z.literal('reset-epoch'), cluster: Name }),
]);
export type OperatorBody = z.infer<typeof OperatorBody>;

/** Somebody asks. Signed by the operator over the exact bytes sent. */
export const OperatorRequest = z.strictObject({
  v: z.literal(1),
  id: Id,
  fleet: Name,
  operator: Name,
  issuedAt: Instant,
  expiresAt: Instant,
  body: OperatorBody,
});
export type OperatorRequest = z.infer<typeof OperatorRequest>;

export const RotationStatus = z.strictObject({
  rotation: Id,
  cluster: Name,
  status: z.enum(['running', 'holding', 'held', 'finished']),
  direction: Direction,
  outcome: z.enum(['rotated', 'rolled-back', 'abandoned']).optional(),
  failure: Failure.optional(),
  stepsDone: z.number().int(),
  stepsAll: z.number().int(),
  underWay: z.array(Id),
  startedAt: Instant,
  endedAt: Instant.optional(),
  operator: Name,
});
export type RotationStatus = z.infer<typeof RotationStatus>;

export const OperatorReply = z.strictObject({
  v: z.literal(1),
  id: Id,
  at: Instant,
  outcome: z.union([
    z.strictObject({
      ok: z.literal(true),
      value: z.discriminatedUnion('type', [
        z.strictObject({
          type: z.literal('plan'),
          plan: Plan,
          proof: z.array(ProofLine),
          alternatives: z.array(Alternative),
        }),
        z.strictObject({ type: z.literal('started'), rotation: Id, sequence: z.number().int() }),
        z.strictObject({
          type: z.literal('status'),
          epoch: z.number().int(),
          /** Coordinators that are known, and which of them leads. */
          coordinators: z.array(
            z.strictObject({
              name: Name,
              leads: z.boolean(),
              since: Instant,
              version: z.string(),
              /** Why this one will not take the lead. */
              cannotLead: Failure.optional(),
            }),
          ),
          clusters: z.array(Name),
          nodes: z.array(z.strictObject({ node: Name, answers: z.boolean() })),
          rotations: z.array(RotationStatus),
        }),
        z.strictObject({ type: z.literal('journal'), entries: z.array(Entry), last: z.number().int() }),
        z.strictObject({ type: z.literal('done') }),
      ]),
    }),
    z.strictObject({ ok: z.literal(false), failures: z.array(Failure).min(1) }),
  ]),
});
export type OperatorReply = z.infer<typeof OperatorReply>;
