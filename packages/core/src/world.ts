import type { HolderId, KnownCertificate, NodeObservation, Slot } from '@etcd-rotate/protocol';

/**
 * The world as the proof sees it: for every slot of every holder all contents that may be in use at this moment. One
 * while nothing changes; two while a file is being replaced or a process has not loaded it yet. So every half of a step,
 * and every process restarted by somebody else in the middle of it, is one of the combinations.
 */
export type World = ReadonlyMap<HolderId, Party>;

export interface Party {
  holder: HolderId;
  node: string;
  slots: ReadonlyMap<Slot, readonly Contents[]>;
}

/** A leaf's chain, leaf first, or the CAs of a bundle. */
export type Contents = readonly KnownCertificate[];

export function worldFrom(observations: readonly NodeObservation[]): World {
  const world = new Map<HolderId, Party>();
  for (const { node, holders } of observations) {
    for (const { holder, slots } of holders) {
      const entries = Object.entries(slots) as [Slot, NonNullable<(typeof slots)[Slot]>][];
      world.set(holder, {
        holder,
        node,
        slots: new Map(entries.map(([slot, seen]) => [slot, ['chain' in seen ? seen.chain : seen.bundle]])),
      });
    }
  }
  return world;
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
  return new Map(world).set(holder, { ...party, slots });
}

/** What a slot holds when nothing is under way. */
export function contentsOf(world: World, holder: HolderId, slot: Slot): Contents {
  return world.get(holder)?.slots.get(slot)?.at(-1) ?? [];
}
