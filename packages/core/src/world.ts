import type {
  Domain,
  HolderId,
  HolderObservation,
  KnownCertificate,
  NodeObservation,
  Slot,
  SlotOnDisk,
} from '@etcd-rotate/protocol';
import type { EtcdRules } from './etcd-rules.ts';
import { factsFor, skipsSourceCheck } from './etcd-versions.ts';
import { hostsOf, valuesOf } from './flag-values.ts';
import { inUse } from './in-use.ts';

/**
 * The world as the proof sees it: for every slot of every holder all contents that may be in use at this moment. One
 * while nothing changes; two while a file is being replaced or a process has not loaded it yet. So every half of a step,
 * and every process restarted by somebody else in the middle of it, is one of the combinations.
 */
export type World = ReadonlyMap<HolderId, Party>;

export interface Party {
  holder: HolderId;
  node: string;
  /** The last of the contents of a slot is what lies on disk. */
  slots: ReadonlyMap<Slot, readonly Contents[]>;
  /**
   * Slots of a declared client of which it is not known what its process has loaded. What it has works, or it would not be
   * there; it takes up something that is known before anything changes that it could depend on.
   */
  unloaded: ReadonlySet<Slot>;
  /** Which file a slot is: slots of one holder with the same word change together. */
  files: ReadonlyMap<Slot, string>;
  /** What its ports, and the peers' side of its dialling, ask beyond a chain. */
  rules: Record<Domain, EtcdRules>;
  /** The hosts by which others reach its ports. */
  hosts: Record<Domain, readonly string[]>;
  /** The addresses that its connections come from. */
  from: readonly string[];
  /** What the DNS names in its peer leaf resolve to. */
  resolves: Readonly<Record<string, readonly string[]>>;
  /** Whether it dials its own client port with its server leaf (facts: etcd, section 3). */
  hasGateway: boolean;
  /** Whether it has a metrics listener with TLS, which looks at source addresses (facts: etcd, section 4). */
  hasTlsMetrics: boolean;
}

/** A leaf's chain, leaf first, or the CAs of a bundle. */
export type Contents = readonly KnownCertificate[];

export function worldFrom(observations: readonly NodeObservation[]): World {
  const known = bundledIn(observations);
  const world = new Map<HolderId, Party>();
  for (const { node, holders } of observations) {
    const from = holders.flatMap(({ dialsFrom = [] }) => dialsFrom);
    for (const seen of holders) world.set(seen.holder, { ...partyOf(seen, known), node, from });
  }
  return world;
}

/** Every CA that lies in any bundle. */
function bundledIn(observations: readonly NodeObservation[]): KnownCertificate[] {
  const all = observations.flatMap(({ holders }) =>
    holders.flatMap(({ slots }) =>
      Object.values(slots).flatMap((seen) => (seen && 'bundle' in seen ? seen.bundle : [])),
    ),
  );
  return [...new Map(all.map((ca) => [ca.facts.fingerprint, ca])).values()];
}

function partyOf(seen: HolderObservation, known: readonly KnownCertificate[]): Omit<Party, 'node' | 'from'> {
  const { holder, flags = {}, resolves = {}, status } = seen;
  const entries = Object.entries(seen.slots) as [Slot, SlotOnDisk][];
  const listed = status?.members.find(({ id }) => id === status.memberId);
  const version = status?.version ?? '';
  const allowed = (flag: string): string[] => allowedIn(flags[flag], version);
  const allowedHostnames = allowed('client-cert-allowed-hostname');
  return {
    holder,
    slots: new Map(entries.map(([slot, contents]) => [slot, possibly(contents, known)])),
    files: new Map(entries.map(([slot, { file }]) => [slot, file])),
    unloaded: new Set(
      entries.flatMap(([slot, contents]) =>
        holder.startsWith('client/') && contents.loaded === false ? [slot] : [],
      ),
    ),
    rules: {
      client: {
        revoked: seen.revoked?.client?.serials ?? [],
        allowedCommonNames: [],
        allowedHostnames,
        checksSource: false,
      },
      peer: {
        revoked: seen.revoked?.peer?.serials ?? [],
        allowedCommonNames: allowed('peer-cert-allowed-cn'),
        allowedHostnames: allowed('peer-cert-allowed-hostname'),
        checksSource: !skipsSourceCheck(flags, version),
      },
    },
    hosts: {
      client: hostsOf([seen.endpoint, ...(listed?.clientUrls ?? [])]),
      peer: hostsOf([seen.peerEndpoint, ...(listed?.peerUrls ?? [])]),
    },
    resolves,
    // With an allowed host name etcd refuses its own gateway, whatever that presents (facts: etcd, section 3).
    hasGateway: flags['enable-grpc-gateway'] !== 'false' && allowedHostnames.length === 0,
    hasTlsMetrics: valuesOf(flags['listen-metrics-urls']).some((url) => url.startsWith('https://')),
  };
}

/** The names that a flag lets in: a list, or with older versions one name, commas and all. */
function allowedIn(value: string | undefined, version: string): string[] {
  if (factsFor(version)?.takesLists !== false) return valuesOf(value);
  return value === undefined || value === '' ? [] : [value];
}

/** What the process has in use, and what it will have after a restart: the same where it has loaded what lies there. */
function possibly(seen: SlotOnDisk, known: readonly KnownCertificate[]): Contents[] {
  if ('chain' in seen) return [seen.chain];
  const loaded = inUse(seen, known);
  return loaded && !sameSet(loaded, seen.bundle) ? [loaded, seen.bundle] : [seen.bundle];
}

function sameSet(a: Contents, b: Contents): boolean {
  const there = new Set(b.map(({ facts }) => facts.fingerprint));
  return (
    new Set(a.map(({ facts }) => facts.fingerprint)).size === there.size &&
    a.every(({ facts }) => there.has(facts.fingerprint))
  );
}

/** While a change is under way: what was there and what will be there are both possible. */
export function during(world: World, holder: HolderId, changes: ReadonlyMap<Slot, Contents>): World {
  return change(world, holder, changes, (before, after) => [...before, after]);
}

/** Once the change is proven: only what was installed is in use. */
export function after(world: World, holder: HolderId, changes: ReadonlyMap<Slot, Contents>): World {
  return change(world, holder, changes, (_before, after) => [after]);
}

function change(
  world: World,
  holder: HolderId,
  changes: ReadonlyMap<Slot, Contents>,
  combine: (before: readonly Contents[], after: Contents) => Contents[],
): World {
  const party = world.get(holder);
  if (!party) return world;
  const slots = new Map(party.slots);
  for (const [slot, contents] of changes) slots.set(slot, combine(slots.get(slot) ?? [], contents));
  // Whatever it is that a client takes up, its process reads all of its files then.
  return new Map(world).set(holder, { ...party, slots, unloaded: new Set() });
}

/** What lies on disk in a slot when nothing is under way. */
export function contentsOf(world: World, holder: HolderId, slot: Slot): Contents {
  return world.get(holder)?.slots.get(slot)?.at(-1) ?? [];
}
