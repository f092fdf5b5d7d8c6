import { z } from 'zod';
import { Fingerprint, KeyKind } from './certificate.ts';
import { PublicKey } from './identity.ts';
import { EtcdId, Id, Instant, Name } from './name.ts';
import { Direction, HowTaken, LeafChange } from './plan.ts';
import { Domain, HolderId, Slot } from './slot.ts';

const Pem = z.string().max(1_048_576);

/** What a slot shall hold, as bytes. */
export const SlotContents = z.union([
  z.strictObject({
    chain: Pem,
    /** Whose key: one made in this rotation, or the one from before it that the node has kept. */
    key: z.enum(['made', 'kept']),
  }),
  z.strictObject({ bundle: Pem }),
]);
export type SlotContents = z.infer<typeof SlotContents>;

/** What a member must be seen to present, for those who dial it. */
export const Expected = z.strictObject({
  holder: HolderId,
  memberId: EtcdId,
  clientUrl: z.string(),
  peerUrl: z.string(),
  'server-leaf': Fingerprint,
  'peer-leaf': Fingerprint,
});
export type Expected = z.infer<typeof Expected>;

/** CAs by domain, as PEM bundles. */
const ByDomain = z.partialRecord(Domain, Pem);

/** What shows that the ports of a member have loaded their bundles. */
const Ports = z.strictObject({
  /** Certificates for the canary keys that the agent holds in memory, by domain. */
  canaries: ByDomain,
  /** Leaves from before the rotation: they go on being accepted, or are refused from now on. */
  oldLeaves: z.partialRecord(Domain, z.enum(['accepted', 'refused'])),
});
export type Ports = z.infer<typeof Ports>;

export const CommandBody = z.discriminatedUnion('type', [
  /** Look only: nothing is written, not even the epoch. */
  z.strictObject({
    type: z.literal('observe'),
    /** The rotation whose kept copies are looked at. */
    keptOf: Id.optional(),
  }),
  /** Store the epoch: from then on nobody who led before is obeyed. Nothing else is done. */
  z.strictObject({ type: z.literal('lead') }),
  /** Obey whoever has this signing key from now on, and nobody else. */
  z.strictObject({ type: z.literal('trust-key'), publicKey: PublicKey }),
  /** Store the epoch, copy every slot file of the cluster's holders, begin to make keys for these leaves. */
  z.strictObject({
    type: z.literal('prepare'),
    keys: z.array(z.strictObject({ holder: HolderId, slot: Slot, kind: KeyKind })),
  }),
  z.strictObject({ type: z.literal('snapshot') }),
  /** Make keys on the node and answer with certificate requests. */
  z.strictObject({
    type: z.literal('request'),
    leaves: z.array(
      z.strictObject({
        slot: Slot,
        kind: KeyKind,
        change: LeafChange,
      }),
    ),
    canaries: z.array(Domain),
  }),
  z.strictObject({
    type: z.literal('change'),
    slots: z.partialRecord(Slot, SlotContents),
    /** SHA-256 of each slot's certificate file before this step: anything else was changed by others. */
    before: z.partialRecord(Slot, z.array(Fingerprint)),
    taken: HowTaken,
    /** Members that may take the lead, best first. */
    handOverTo: z.array(EtcdId),
    acceptDowntime: z.boolean(),
    startTimeoutMs: z.number().int().positive(),
    settleMs: z.number().int().nonnegative(),
    ports: Ports,
    members: z.array(Expected),
  }),
  z.strictObject({
    type: z.literal('prove'),
    /** The step that changed a member: canaries are kept under its name. */
    after: Id,
    members: z.array(Expected),
    settleMs: z.number().int().nonnegative(),
    /** What the ports of the node's own member must be seen to accept and refuse. */
    ports: Ports,
    /** Whether every client port is looked at from every node, too. */
    thorough: z.boolean(),
    /** What every slot of the node's holders must hold on disk: anything else was changed by others. */
    files: z.array(
      z.strictObject({ holder: HolderId, slot: Slot, fingerprints: z.array(z.array(Fingerprint)).min(1) }),
    ),
  }),
]);
export type CommandBody = z.infer<typeof CommandBody>;

/** A step on the wire. The signature is over the exact bytes sent and travels in a header beside them. */
export const Command = z.strictObject({
  v: z.literal(1),
  id: Id,
  fleet: Name,
  cluster: Name,
  /** A rotation's id, or `none` for a command that only looks. */
  rotation: Id,
  /** What a node keeps for the way back is kept apart from what it keeps for the way out. */
  direction: Direction,
  step: Id,
  node: Name,
  holder: HolderId,
  epoch: z.number().int().nonnegative(),
  issuedAt: Instant,
  expiresAt: Instant,
  body: CommandBody,
});
export type Command = z.infer<typeof Command>;
