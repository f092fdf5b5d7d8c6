import { z } from 'zod';
import { Fingerprint, KnownCertificate } from './certificate.ts';
import { Failure } from './failure.ts';
import { EtcdId, Id, Instant, Name } from './name.ts';
import { Direction } from './plan.ts';
import { Domain, HolderId, Slot } from './slot.ts';

/** Which file a slot is, as a word that says no path: equal for slots of one node that are the same file. */
const File = z.string().regex(/^[0-9a-f]{16}$/);

/** A slot as it lies on disk, and as its process has it. `chain` is leaf first; `bundle` in the order of the file. */
export const SlotOnDisk = z.union([
  z.strictObject({
    chain: z.array(KnownCertificate).min(1),
    file: File,
    /** What the port presents to a fresh connection; members only, and only where it could be seen. */
    served: Fingerprint.optional(),
    /**
     * Declared clients only: whether the process has read the leaf since it was last written. Members and the agents' own
     * clients read theirs for every connection.
     */
    loaded: z.boolean().optional(),
  }),
  z.strictObject({
    bundle: z.array(KnownCertificate),
    file: File,
    /** Whether the running process was started after the file's last write. */
    loaded: z.boolean(),
    /**
     * The subjects of the CAs that the running process says it accepts (the TLS CertificateRequest of its port; facts:
     * etcd, section 0, fact 2). Members only; absent where the port does not tell.
     */
    listed: z.array(z.string()).optional(),
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
  /** Whether etcd auth is on, and then whether our user may do all that a rotation does (`root`). */
  auth: z.enum(['off', 'root', 'limited', 'unknown']),
});
export type MemberStatus = z.infer<typeof MemberStatus>;

/** A CRL that a port reads at every handshake (facts: etcd, section 2). Serials in lower-case hex, as in certificates. */
export const RevokedSeen = z.strictObject({ format: z.enum(['pem', 'der']), serials: z.array(z.string()) });
export type RevokedSeen = z.infer<typeof RevokedSeen>;

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
  /** Members only: the addresses from which its connections to the other members' peer URLs come. */
  dialsFrom: z.array(z.string()).optional(),
  /** Members only: what the DNS names in its peer leaf resolve to on this node; empty where a name is not known. */
  resolves: z.record(z.string(), z.array(z.string())).optional(),
  /** Clients only: the URLs at which the client reaches members, from the agent file. */
  endpoints: z.array(z.string()).optional(),
  /** Members only: the CRLs of its ports. */
  revoked: z.partialRecord(Domain, RevokedSeen).optional(),
  /** Members only: effective flags that matter, as the process was started with. */
  flags: z.record(z.string(), z.string()).optional(),
  /** What the node itself found wrong with this holder. */
  problems: z.array(Failure),
});
export type HolderObservation = z.infer<typeof HolderObservation>;

/**
 * A leaf of which a node has certificate and key as they were before a rotation, or before its way back: whole, and the
 * key fits the certificate. `fingerprint` is the leaf's.
 */
export const KeptLeaf = z.strictObject({
  direction: Direction,
  holder: HolderId,
  slot: Slot,
  fingerprint: Fingerprint,
});
export type KeptLeaf = z.infer<typeof KeptLeaf>;

/** What one agent sees of one cluster. */
export const NodeObservation = z.strictObject({
  node: Name,
  at: Instant,
  /** The highest epoch that the node has stored. */
  epoch: z.number().int().nonnegative(),
  /** Commands that the node has taken, which alter files or processes and are not answered yet. */
  underWay: z.array(Id),
  holders: z.array(HolderObservation),
  /** What is kept of the rotation that was asked for; absent where none was. */
  kept: z.array(KeptLeaf).optional(),
});
export type NodeObservation = z.infer<typeof NodeObservation>;
