import type { KnownCertificate, LeafChange, Names, NodeObservation, Slot } from '@etcd-rotate/protocol';
import { leafChangesOf, leafKey } from '../leaves.ts';
import type { CheckInput } from './check.ts';
import { leavesIn, type SeenLeaf } from './seen-slots.ts';

/** A leaf as it was seen, and what the one that the rotation puts in its place will say. */
export interface Replaced extends SeenLeaf {
  /** Its PEM is still the old one's: there is no such certificate yet. */
  next: KnownCertificate;
}

/** The leaves that the rotation replaces, as the fleet file changes them. */
export function replacedLeaves({ cluster, request, observations, covers }: CheckInput): Replaced[] {
  const changes = leafChangesOf(cluster);
  return leavesIn(observations, request.domains).map((there) => {
    const own = slotsOfFile(there).flatMap((slot) => changes[leafKey(there.seen.holder, slot)] ?? []);
    return { ...there, next: changed(there.leaf, own, covers) };
  });
}

/** One file may be the leaf of both ports of a member: the new one is made for both. */
function slotsOfFile({ seen, slot, contents }: SeenLeaf): Slot[] {
  const there = Object.entries(seen.slots) as [
    Slot,
    NonNullable<NodeObservation['holders'][0]['slots'][Slot]>,
  ][];
  return there
    .filter(([other, { file }]) => other === slot || file === contents.file)
    .map(([other]) => other);
}

function changed(
  leaf: KnownCertificate,
  changes: readonly LeafChange[],
  covers: CheckInput['covers'],
): KnownCertificate {
  const commonName = changes.find((change) => change.commonName !== undefined)?.commonName;
  const dropped = namesOf(changes.map(({ dropNames }) => dropNames));
  const wanted = namesOf([leaf.facts.names, ...changes.map(({ addNames }) => addNames)]);
  const isGone = {
    dns: (name: string) => dropped.dns.some((one) => one.toLowerCase() === name.toLowerCase()),
    // An address has many ways of being written.
    ip: (address: string) => covers(withNames(leaf, { dns: [], ip: dropped.ip }), address),
  };
  const names = {
    dns: wanted.dns.filter((name) => !isGone.dns(name)),
    ip: wanted.ip.filter((address) => !isGone.ip(address)),
  };
  const next = withNames(leaf, names);
  return commonName === undefined ? next : { ...next, facts: { ...next.facts, commonName } };
}

function namesOf(all: readonly Names[]): Names {
  return { dns: all.flatMap(({ dns }) => dns), ip: all.flatMap(({ ip }) => ip) };
}

/** The same certificate with other names: to ask what they would cover. */
export function withNames(leaf: KnownCertificate, names: Names): KnownCertificate {
  return { ...leaf, facts: { ...leaf.facts, names } };
}
