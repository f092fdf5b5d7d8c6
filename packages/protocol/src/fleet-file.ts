import { z } from 'zod';
import { KeyKind } from './certificate.ts';
import { Duration, day } from './duration.ts';
import { Name } from './name.ts';
import { Domain } from './slot.ts';

/** When members restart in a `staged` rotation: in every stage, as the runbook does, or where a bundle must be loaded. */
export const Restarts = z.enum(['every-stage', 'when-needed']);
export type Restarts = z.infer<typeof Restarts>;

/** `staged`: another CA, by trust, issue, retire. `renew`: leaves alone, by the CA that issued them. */
export const Strategy = z.enum(['staged', 'renew']);
export type Strategy = z.infer<typeof Strategy>;

const Snapshot = z.enum(['required', 'best-effort', 'off']);
const Milliseconds = z.number().int().nonnegative();

/** What the rotations of a cluster may and must do; durations in milliseconds. */
export const Policy = z.strictObject({
  /** A snapshot through etcd before the first change. */
  snapshot: Snapshot,
  restarts: Restarts,
  /** How long two agreeing observations of a step must lie apart; 35 s is a full prober cycle (facts: etcd, 5.2). */
  settle: Milliseconds,
  /** How long one step on one node may take, restoring included. */
  stepTimeout: Milliseconds,
  /** How long a member may take to serve after its restart before it is restored. */
  startTimeout: Milliseconds,
  /** How long a node may be away before the rotation holds. */
  patience: Milliseconds,
  /** The largest difference between clocks. */
  clockTolerance: Milliseconds,
  /** How long every certificate must go on being valid for a rotation to begin: it may be held for a while. */
  horizon: Milliseconds,
  /** Whether a rotation holds before the first step that refuses what was accepted before. */
  confirmRetire: z.boolean(),
  /** How many persons it takes to begin a rotation, and to let old leaves be refused. */
  approvals: z.union([z.literal(1), z.literal(2)]).default(1),
  /** How long the key of a CA that was replaced is kept after the rotation, at least. */
  grace: Milliseconds.default(7 * day),
});
export type Policy = z.infer<typeof Policy>;

const TimeOut = Duration.refine((ms) => ms > 0, { error: 'longer than 0' });

/** The same as people write it in the fleet file, with what holds where they say nothing. */
const PolicyText = z.strictObject({
  snapshot: Snapshot.default('required'),
  restarts: Restarts.default('every-stage'),
  settle: Duration.default(0),
  stepTimeout: TimeOut.default(120_000),
  startTimeout: TimeOut.default(30_000),
  patience: Duration.default(60_000),
  clockTolerance: Duration.default(2_000),
  horizon: Duration.default(3_600_000),
  confirmRetire: z.boolean().default(false),
  approvals: z.union([z.literal(1), z.literal(2)]).default(1),
  grace: Duration.default(7 * day),
});

/** How new CAs and leaves are made; what is not said here is kept as observed. Validity in milliseconds. */
export const Profile = z.strictObject({
  ca: z.strictObject({ key: KeyKind.optional(), validity: Milliseconds }),
  leaf: z.strictObject({ key: KeyKind.optional(), validity: Milliseconds }),
});
export type Profile = z.infer<typeof Profile>;

const caDefault = { validity: 10 * 365 * day };
const leafDefault = { validity: 365 * day };

const ProfileText = z.strictObject({
  ca: z
    .strictObject({ key: KeyKind.optional(), validity: Duration.default(caDefault.validity) })
    .default(caDefault),
  leaf: z
    .strictObject({ key: KeyKind.optional(), validity: Duration.default(leafDefault.validity) })
    .default(leafDefault),
});

/** As they stand in certificates, where an address is bytes: `2001:db8::1` for `2001:DB8:0:0::1`. */
const Ipv6 = z.ipv6().transform((address) => new URL(`http://[${address}]/`).hostname.slice(1, -1));

/** Names that a leaf shall have beyond those it has, or shall lose; each in its one way of writing. */
const ExtraNames = z.strictObject({
  dns: z
    .array(
      z
        .string()
        .regex(/^[A-Za-z0-9.*-]{1,253}$/)
        .toLowerCase(),
    )
    .default([]),
  ip: z.array(z.union([z.ipv4(), Ipv6])).default([]),
});

/** RFC 5280: at most 64 characters. */
const CommonName = z.string().min(1).max(64);

const FleetMember = z.strictObject({
  name: Name,
  /** Its agent's client is called after it, and has the longest name there may be. */
  node: Name.max(57, { error: 'a name of at most 57: the client of its agent is called agent-NODE' }),
  /** For `server-leaf` (domain client) and `peer-leaf` (domain peer). */
  addNames: z.partialRecord(Domain, ExtraNames).optional(),
  dropNames: z.partialRecord(Domain, ExtraNames).optional(),
  /** Another common name for the leaf of that domain; the rest of the subject stays. */
  commonName: z.partialRecord(Domain, CommonName).optional(),
});

const FleetClient = z.strictObject({
  name: Name,
  node: Name,
  owner: z.string().max(200).optional(),
  /** Another common name for its leaf: under etcd auth another user. */
  commonName: CommonName.optional(),
});

export const FleetCluster = z.strictObject({
  name: Name,
  members: z.array(FleetMember).min(1).max(9),
  clients: z.array(FleetClient).max(500).default([]),
  policy: PolicyText.default(PolicyText.parse({})),
  profile: ProfileText.default(ProfileText.parse({})),
});
export type FleetCluster = z.infer<typeof FleetCluster>;

/** `fleet.yaml`: clusters, nodes and clients by name, and policy. It never holds a path or a command. */
export const FleetFile = z
  .strictObject({ version: z.literal(1), fleet: Name, clusters: z.array(FleetCluster).min(1).max(2000) })
  .superRefine(namesAreUnique);
export type FleetFile = z.infer<typeof FleetFile>;

function namesAreUnique(
  file: { clusters: FleetCluster[] },
  context: { addIssue(issue: { code: 'custom'; path: (string | number)[]; message: string }): void },
): void {
  const clusters = new Set<string>();
  file.clusters.forEach((cluster, c) => {
    const refuse = (path: (string | number)[], message: string): void =>
      context.addIssue({ code: 'custom', path: ['clusters', c, ...path], message });
    if (clusters.has(cluster.name)) refuse(['name'], `the name "${cluster.name}" is used twice`);
    clusters.add(cluster.name);
    const names = new Set<string>();
    const nodes = new Set<string>();
    for (const kind of ['members', 'clients'] as const) {
      cluster[kind].forEach(({ name, node }, h) => {
        if (names.has(name)) refuse([kind, h, 'name'], `the name "${name}" is used twice`);
        if (name.startsWith('agent-'))
          refuse([kind, h, 'name'], "names of the agents' own clients begin with agent-");
        if (kind === 'members' && nodes.has(node))
          refuse([kind, h, 'node'], `${node} has two members of one cluster`);
        names.add(name);
        if (kind === 'members') nodes.add(node);
      });
    }
  });
}

/** The nodes of a cluster in the order of the file, each once. */
export function nodesOf(cluster: FleetCluster): string[] {
  return [...new Set([...cluster.members, ...cluster.clients].map((holder) => holder.node))];
}
