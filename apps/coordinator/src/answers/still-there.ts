import {
  type CertificateFacts,
  type FleetCluster,
  type HolderId,
  type HolderObservation,
  type NodeObservation,
  type Slot,
  type SlotOnDisk,
  slotsOf,
} from '@etcd-rotate/protocol';
import { isOf } from '../ca-use.ts';

/**
 * Where a CA is still seen in a cluster, and where that cannot be told: what was not seen may have it. A phrase each,
 * with holder and node.
 */
export function stillThere(
  ca: CertificateFacts,
  cluster: FleetCluster,
  observations: readonly NodeObservation[],
): string[] {
  const found: string[] = [];
  for (const [holder, node] of declared(cluster)) {
    const seen = observations.find((one) => one.node === node);
    if (seen && !seen.holders.some((one) => one.holder === holder))
      found.push(`${holder} was not seen on ${node}`);
  }
  for (const { node, holders } of observations) {
    for (const seen of holders) {
      for (const slot of slotsOf(seen.holder)) {
        const why = inSlot(ca, seen, slot);
        if (why !== undefined) found.push(`${seen.holder} on ${node}: ${why}`);
      }
    }
  }
  return found;
}

function declared({ members, clients }: FleetCluster): [HolderId, string][] {
  return [
    ...members.map(({ name, node }): [HolderId, string] => [`member/${name}`, node]),
    ...clients.map(({ name, node }): [HolderId, string] => [`client/${name}`, node]),
  ];
}

function inSlot(ca: CertificateFacts, seen: HolderObservation, slot: Slot): string | undefined {
  const there = seen.slots[slot];
  if (!there) return `its ${slot} was not seen`;
  return 'chain' in there ? inLeaf(ca, { seen, slot, there }) : inBundle(ca, slot, there);
}

type Leaf = Extract<SlotOnDisk, { chain: unknown }>;

function inLeaf(
  ca: CertificateFacts,
  { seen, slot, there }: { seen: HolderObservation; slot: Slot; there: Leaf },
): string | undefined {
  const { chain, served, loaded } = there;
  if (chain.some((one) => isOf(one, ca))) return `its ${slot} was issued by it`;
  if (loaded === false) return `it may still use another ${slot} than the one that lies there`;
  if (!seen.holder.startsWith('member/') || !seen.process) return undefined;
  if (served === undefined) return `what it presents as its ${slot} was not seen`;
  return served === chain[0]?.facts.fingerprint ? undefined : `it presents another ${slot} than lies there`;
}

function inBundle(
  ca: CertificateFacts,
  slot: Slot,
  { bundle, loaded, listed }: Extract<SlotOnDisk, { bundle: unknown }>,
): string | undefined {
  if (bundle.some((one) => isOf(one, ca))) return `its ${slot} has it`;
  if (listed?.includes(ca.subject)) return `its process still accepts it`;
  return loaded || listed
    ? undefined
    : `it may still have another ${slot} loaded than the one that lies there`;
}
