import { z } from 'zod';
import { Fingerprint, KnownCertificate, Names } from './certificate.ts';
import { Failure } from './failure.ts';
import { Policy, Profile, Restarts, Strategy } from './fleet-file.ts';
import { EtcdId, Id, Name } from './name.ts';
import { Domain, HolderId, Slot } from './slot.ts';

export const Stage = z.enum(['prepare', 'trust', 'issue', 'retire']);
export type Stage = z.infer<typeof Stage>;

/**
 * A CA in a plan. `new` has no certificate until the rotation has made it; `held` is one the coordinator holds and the
 * rotation ends on; `seen` was observed in a bundle.
 */
export const CaRef = z.union([
  z.strictObject({ role: z.literal('new'), name: Name }),
  z.strictObject({ role: z.literal('held'), name: Name, certificate: KnownCertificate }),
  z.strictObject({ role: z.literal('seen'), certificate: KnownCertificate }),
]);
export type CaRef = z.infer<typeof CaRef>;

/** What a slot shall hold after a step: a leaf of an issuer, or a bundle of CAs. */
export const SlotTarget = z.union([
  z.strictObject({ leafOf: CaRef }),
  /** The leaf from before the rotation, of which its node has kept certificate and key. */
  z.strictObject({ kept: z.array(KnownCertificate).min(1) }),
  z.strictObject({ bundle: z.array(CaRef).min(1) }),
]);
export type SlotTarget = z.infer<typeof SlotTarget>;

export const HowTaken = z.enum(['restart', 'reload', 'by-itself']);
export type HowTaken = z.infer<typeof HowTaken>;

export const Action = z.discriminatedUnion('type', [
  /** The agent stores the epoch, copies every slot file and begins to make keys. */
  z.strictObject({ type: z.literal('prepare') }),
  /** One that is not required may fail. */
  z.strictObject({ type: z.literal('snapshot'), required: z.boolean() }),
  /** New contents for slots of one holder, taken by a restart or reload, then proven by the node itself. */
  z.strictObject({
    type: z.literal('change'),
    slots: z.partialRecord(Slot, SlotTarget),
    taken: HowTaken,
    /** Ports of which a canary of the CA that the rotation ends on shows what they have loaded. */
    canaries: z.array(Domain),
    /** The member that takes the lead before the restart, where the holder is expected to lead by then. */
    handOverTo: HolderId.optional(),
  }),
  /**
   * After a change of a member every node looks at its own and dials every other one; the changed member's node also
   * tries what its ports accept and refuse. In the final look every node does, and the old leaves are refused.
   */
  z.strictObject({ type: z.literal('prove'), after: Id, final: z.boolean() }),
]);
export type Action = z.infer<typeof Action>;

/** One thing to make true on one node. Steps of the same group may be under way together. */
export const Step = z.strictObject({
  id: Id,
  stage: Stage,
  group: z.number().int().nonnegative(),
  node: Name,
  holder: HolderId,
  action: Action,
});
export type Step = z.infer<typeof Step>;

/** What a plan was made from, reduced to what it depends on: part of its digest. */
export const PlannedFrom = z.strictObject({
  clusterId: EtcdId,
  leader: EtcdId,
  members: z.array(
    z.strictObject({ holder: HolderId, id: EtcdId, version: z.string(), peerUrls: z.array(z.string()) }),
  ),
  slots: z.record(z.string(), z.array(Fingerprint)),
  /** SHA-256 of what the proof rests on besides: flags, endpoints, source addresses, how holders take files. */
  circumstances: z.string(),
});
export type PlannedFrom = z.infer<typeof PlannedFrom>;

export const DomainChange = z.strictObject({
  /** CAs that issued what is presented now and leave at retire. */
  old: z.array(KnownCertificate),
  target: CaRef,
  /** CAs in bundles that this rotation leaves alone. */
  others: z.array(KnownCertificate),
});
export type DomainChange = z.infer<typeof DomainChange>;

/** What a new leaf says otherwise than the observed one. */
export const LeafChange = z.strictObject({
  addNames: Names,
  dropNames: Names,
  commonName: z.string().optional(),
});
export type LeafChange = z.infer<typeof LeafChange>;

/** What a plan costs. Seconds are a guess: from what earlier steps took on this cluster, or from typical figures. */
export const Estimate = z.strictObject({
  etcdRestarts: z.number().int(),
  clientRestarts: z.number().int(),
  clientReloads: z.number().int(),
  leaderMoves: z.number().int(),
  seconds: z.number(),
  basis: z.enum(['measured', 'typical']),
  /** The first step after which somebody refuses what was accepted before the rotation. */
  refusesFrom: Id.optional(),
  /** The step with which the last way back to the old CA is gone, where there is such a step. */
  pointOfNoReturn: Id.optional(),
});
export type Estimate = z.infer<typeof Estimate>;

/** Towards the target, or back to what was there before the rotation. */
export const Direction = z.enum(['forward', 'back']);
export type Direction = z.infer<typeof Direction>;

export const Plan = z.strictObject({
  version: z.literal(1),
  direction: Direction,
  /** Of a way back: whether the new CA stays in the bundles at its end, which saves restarts. */
  keepsNewCa: z.boolean(),
  fleet: Name,
  cluster: Name,
  strategy: Strategy,
  restarts: Restarts,
  acceptDowntime: z.boolean(),
  domains: z.partialRecord(Domain, DomainChange),
  steps: z.array(Step),
  /** The policy and profile it will run under: agreed to with the rest. */
  policy: Policy,
  profile: Profile,
  /** What leaves will say otherwise than those observed, by `holder slot`. */
  leafChanges: z.record(z.string(), LeafChange),
  plannedFrom: PlannedFrom,
  warnings: z.array(Failure),
  /** The data's revision when it was planned; it rises by itself, so it is not part of the digest. */
  revision: z.number().int(),
  /** A guess, and so not part of the digest either. */
  estimate: Estimate,
  /** SHA-256 over everything above the revision: what the operator agrees to. */
  digest: z.string().regex(/^[0-9a-f]{64}$/),
});
export type Plan = z.infer<typeof Plan>;

/**
 * One line of the proof: a step, with each of its files replaced or not yet and any processes restarted by somebody
 * else at that moment.
 */
export const ProofLine = z.strictObject({
  /** A step's id, or `now` for the cluster as it was observed. */
  step: Id,
  /** How many handshakes were decided for this step. */
  handshakes: z.number().int(),
  /** Empty when everybody trusts everybody. */
  strangers: z.array(z.string()),
  /** How its holder would be taken back to what it had before the step. */
  undo: z.enum(['without-restart', 'with-restart']),
});
export type ProofLine = z.infer<typeof ProofLine>;

/** Another way to ask for about the same, and what it would cost, or why it is not possible. */
export const Alternative = z.strictObject({
  strategy: Strategy,
  restarts: Restarts,
  outcome: z.union([z.strictObject({ estimate: Estimate }), z.strictObject({ refusal: Failure })]),
});
export type Alternative = z.infer<typeof Alternative>;
