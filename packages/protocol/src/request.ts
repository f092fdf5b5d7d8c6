import { z } from 'zod';
import { KnownCertificate } from './certificate.ts';
import { Entry } from './entry.ts';
import { Failure, FailureCode } from './failure.ts';
import { Restarts, Strategy } from './fleet-file.ts';
import { PublicKey } from './identity.ts';
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

const Pem = z.string().max(1_048_576);

/** A raw X25519 public key in base64. */
const X25519Key = z.string().regex(/^[A-Za-z0-9+/]{43}=$/);

/** Bytes that only the coordinator can read: an X25519 key of the sender's, made for this once, and AES-256-GCM. */
export const SealedToCoordinator = z.strictObject({
  /** The key of the coordinator's that it is for. */
  to: X25519Key,
  from: X25519Key,
  nonce: z.base64().length(16),
  tag: z.base64().length(24),
  data: z.base64().max(65_536),
});
export type SealedToCoordinator = z.infer<typeof SealedToCoordinator>;

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
  /** Where two persons are needed: `digest` is that of the plan which the second one has seen. */
  z.strictObject({ type: z.literal('approve'), rotation: Id, digest: z.string() }),
  /** Lets a node join, once: `token` is the public half of what it will show. */
  z.strictObject({ type: z.literal('node-add'), node: Name, token: PublicKey, replace: z.boolean() }),
  z.strictObject({ type: z.literal('node-remove'), node: Name }),
  z.strictObject({ type: z.literal('nodes') }),
  z.strictObject({ type: z.literal('cas') }),
  /** A key to seal a CA key for: it does not travel in the clear, and NATS cannot read it. */
  z.strictObject({ type: z.literal('ca-adopt-key') }),
  z.strictObject({ type: z.literal('ca-adopt'), name: Name, certificate: Pem, sealed: SealedToCoordinator }),
  z.strictObject({ type: z.literal('ca-destroy'), name: Name }),
  /** Makes the nodes of a cluster obey this coordinator, whatever epoch they have stored. */
  z.strictObject({ type: z.literal('reset-epoch'), cluster: Name }),
]);
export type OperatorBody = z.infer<typeof OperatorBody>;

/** Bodies that change nothing: all that a read-only operator may ask. */
export const looking: readonly OperatorBody['type'][] = [
  'plan',
  'plan-rollback',
  'status',
  'journal',
  'nodes',
  'cas',
];

/** Somebody asks. Signed by the operator over the exact bytes sent. */
export const OperatorRequest = z.strictObject({
  v: z.literal(1),
  id: Id,
  fleet: Name,
  operator: Name,
  issuedAt: Instant,
  expiresAt: Instant,
  /** The coordinator's key that the operator's identity file has: replies are signed so that it believes them. */
  trusts: PublicKey,
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

/** What was refused: by the coordinator, or by NATS where that is ours, so often and last then. */
const Refused = z.strictObject({
  /** Who it says to be from, or whose nkey it was. */
  from: z.string(),
  code: FailureCode,
  count: z.number().int().positive(),
  lastAt: Instant,
  /** Of the last one. */
  message: z.string(),
});
export type Refused = z.infer<typeof Refused>;

/** A node as an operator manages it. */
const NodeEntry = z.strictObject({
  node: Name,
  /** Whether the fleet file names it. */
  inFleet: z.boolean(),
  /** Where its identity comes from; absent where it has none. */
  identity: z.strictObject({ from: z.enum(['init', 'join']), since: Instant.optional() }).optional(),
  /** Of a token that was not used yet. */
  invitedUntil: Instant.optional(),
  /** Whether it obeys the present signing key; the one before tells it so when it answers. */
  obeysPresentKey: z.boolean(),
});
export type NodeEntry = z.infer<typeof NodeEntry>;

/** A CA that the coordinator can ask for signatures, or could. */
const CaEntry = z.strictObject({
  name: Name,
  certificate: KnownCertificate,
  key: z.enum(['held', 'outside', 'destroyed']),
  /** Clusters and domains whose leaves it issued, as last seen in a rotation. */
  issues: z.array(z.strictObject({ cluster: Name, domain: Domain })),
  /** Since when no rotation needs it, and from when on its key may be destroyed. */
  replacedAt: Instant.optional(),
  mayBeDestroyedFrom: Instant.optional(),
});
export type CaEntry = z.infer<typeof CaEntry>;

export const OperatorReply = z.strictObject({
  v: z.literal(1),
  id: Id,
  at: Instant,
  /** Said to those who still know the signing key from before, and signed with that. */
  newCoordinatorKey: PublicKey.optional(),
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
          /** Messages and connections that were refused since the coordinator started. */
          refused: z.array(Refused),
          rotations: z.array(RotationStatus),
        }),
        z.strictObject({ type: z.literal('journal'), entries: z.array(Entry), last: z.number().int() }),
        z.strictObject({ type: z.literal('done') }),
        z.strictObject({
          type: z.literal('invited'),
          expiresAt: Instant,
          /** Seed of the nkey that may ask to be let in, and nothing else. */
          joiningSeed: z.string().startsWith('SU'),
          inFleet: z.boolean(),
          /** Whether NATS is told of the new identity by the coordinator, or by whoever runs it. */
          nats: z.enum(['embedded', 'external']),
        }),
        z.strictObject({
          type: z.literal('nodes'),
          nodes: z.array(NodeEntry),
          /** The users of a nats-server that is not ours, to be pasted into its configuration. */
          natsUsers: z.string().optional(),
        }),
        z.strictObject({ type: z.literal('cas'), cas: z.array(CaEntry) }),
        z.strictObject({ type: z.literal('adopt-key'), publicKey: X25519Key }),
      ]),
    }),
    z.strictObject({ ok: z.literal(false), failures: z.array(Failure).min(1) }),
  ]),
});
export type OperatorReply = z.infer<typeof OperatorReply>;
