import type {
  Domain,
  HolderObservation,
  KnownCertificate,
  NodeObservation,
  Slot,
  SlotOnDisk,
} from '@etcd-rotate/protocol';
import { slots } from '@etcd-rotate/protocol';
import type { BundleOnDisk } from '../in-use.ts';

/** A slot as a node saw it, with its holder. */
export interface SeenSlot<Contents extends SlotOnDisk = SlotOnDisk> {
  node: string;
  seen: HolderObservation;
  slot: Slot;
  contents: Contents;
}

export type SeenLeaf = SeenSlot<Extract<SlotOnDisk, { chain: unknown }>> & { leaf: KnownCertificate };
export type SeenBundle = SeenSlot<BundleOnDisk>;

export function slotsIn(observations: readonly NodeObservation[]): SeenSlot[] {
  return observations.flatMap(({ node, holders }) =>
    holders.flatMap((seen) =>
      (Object.entries(seen.slots) as [Slot, SlotOnDisk][]).map(([slot, contents]) => ({
        ...{ node, seen, slot, contents },
      })),
    ),
  );
}

/** Every leaf, or those of some trust domains. */
export function leavesIn(observations: readonly NodeObservation[], domains?: readonly Domain[]): SeenLeaf[] {
  return slotsIn(observations).flatMap(({ contents, ...seen }) => {
    const leaf = 'chain' in contents ? contents.chain[0] : undefined;
    const isOf = domains?.includes(slots[seen.slot].domain) ?? true;
    return isOf && leaf && 'chain' in contents ? [{ ...seen, contents, leaf }] : [];
  });
}

export function bundlesIn(
  observations: readonly NodeObservation[],
  domains?: readonly Domain[],
): SeenBundle[] {
  return slotsIn(observations).flatMap(({ contents, ...seen }) => {
    const isOf = domains?.includes(slots[seen.slot].domain) ?? true;
    return isOf && 'bundle' in contents ? [{ ...seen, contents }] : [];
  });
}

/** Every CA that lies in those bundles, each once. */
export function casIn(bundles: readonly SeenBundle[]): KnownCertificate[] {
  const all = bundles.flatMap(({ contents }) => contents.bundle);
  return [...new Map(all.map((ca) => [ca.facts.fingerprint, ca])).values()];
}

/** The bundles that verify the leaf of a slot: those of the other side of the same port. */
export function verifiersOf(slot: Slot, bundles: readonly SeenBundle[]): SeenBundle[] {
  return bundles.filter((bundle) => verifiedBy[slot].includes(bundle.slot));
}

/** The server leaf is also what the gateway of its member dials with (facts: etcd, section 3). */
const verifiedBy: Record<Slot, readonly Slot[]> = {
  'server-leaf': ['server-bundle', 'client-bundle'],
  'client-leaf': ['client-bundle'],
  'peer-leaf': ['peer-bundle'],
  'client-bundle': [],
  'server-bundle': [],
  'peer-bundle': [],
};

/** A certificate in a sentence: its name, and as much of its fingerprint as tells it apart. */
export function said({ facts }: KnownCertificate): string {
  return `${facts.subject || 'a certificate without a subject'} (${facts.fingerprint.slice(0, 8)})`;
}
