import { z } from 'zod';
import { KnownCertificate } from './certificate.ts';
import { Failure } from './failure.ts';
import { EtcdId, Instant, Name } from './name.ts';
import { HolderId, Slot } from './slot.ts';

/** A slot as it lies on disk. `chain` is leaf first; `bundle` in the order of the file. */
export const SlotOnDisk = z.union([
  z.strictObject({ chain: z.array(KnownCertificate).min(1) }),
  z.strictObject({
    bundle: z.array(KnownCertificate),
    /** Whether the running process was started after the file's last write. */
    loaded: z.boolean(),
  }),
]);
export type SlotOnDisk = z.infer<typeof SlotOnDisk>;

/** A process as the kernel knows it. `startedAt` is exact to about 20 ms. */
export const ProcessSeen = z.strictObject({ pid: z.number().int().positive(), startedAt: Instant });
export type ProcessSeen = z.infer<typeof ProcessSeen>;

/** One entry of etcd's member list. An unstarted member has no client URLs. */
export const MemberListed = z.strictObject({
  id: EtcdId,
  name: z.string(),
  peerUrls: z.array(z.string()),
  clientUrls: z.array(z.string()),
  isLearner: z.boolean(),
});
export type MemberListed = z.infer<typeof MemberListed>;

/** What a member says of itself over a fresh connection to its own client URL. */
export const MemberStatus = z.strictObject({
  version: z.string(),
  clusterId: EtcdId,
  memberId: EtcdId,
  /** `0` while there is none. */
  leader: EtcdId,
  raftTerm: z.number().int(),
  raftIndex: z.number().int(),
  appliedIndex: z.number().int(),
  revision: z.number().int(),
  /** A linearizable read through this member succeeded. */
  serves: z.boolean(),
  alarms: z.array(z.string()),
  members: z.array(MemberListed),
});
export type MemberStatus = z.infer<typeof MemberStatus>;

export const HolderObservation = z.strictObject({
  holder: HolderId,
  slots: z.partialRecord(Slot, SlotOnDisk),
  /** Absent where no process was found. */
  process: ProcessSeen.optional(),
  /** How the holder takes new files: known from the agent file. */
  takes: z.enum(['restart', 'reload', 'by-itself']),
  /** Members only; absent where it could not be asked, and then `problems` says why. */
  status: MemberStatus.optional(),
  /** Members only: the URL whose host others dial, from the agent file. */
  endpoint: z.string().optional(),
  peerEndpoint: z.string().optional(),
  /** Members only: effective flags that matter, as the process was started with. */
  flags: z.record(z.string(), z.string()).optional(),
  /** What the node itself found wrong with this holder. */
  problems: z.array(Failure),
});
export type HolderObservation = z.infer<typeof HolderObservation>;

/** What one agent sees of one cluster. */
export const NodeObservation = z.strictObject({
  node: Name,
  at: Instant,
  holders: z.array(HolderObservation),
});
export type NodeObservation = z.infer<typeof NodeObservation>;
