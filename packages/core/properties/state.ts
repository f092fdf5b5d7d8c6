import type { HolderId, HowTaken, NodeObservation, Slot, SlotOnDisk } from '@etcd-rotate/protocol';
import { slots, slotsOf } from '@etcd-rotate/protocol';
import { type Contents, type World, worldFrom } from '../src/world.ts';

/**
 * What is true of a cluster, kept apart from what can be seen of it: as in etcd, a leaf of a member is read again at every
 * handshake and its bundles only at a start. Values, not a process: a state is never changed.
 */
export interface State {
  /** As the nodes see everything but what lies in the slots. */
  seen: readonly NodeObservation[];
  leader: HolderId;
  holders: ReadonlyMap<HolderId, Holdings>;
}

export type Holdings = ReadonlyMap<Slot, { disk: Contents; inUse: Contents }>;

/** Files are written; nobody was told. */
export function written(state: State, holder: HolderId, contents: ReadonlyMap<Slot, Contents>): State {
  const isHot = (slot: Slot) =>
    holder.startsWith('client/agent-') || (holder.startsWith('member/') && slots[slot].holds === 'leaf');
  return withHoldings(state, holder, (slot, there) => {
    const disk = contents.get(slot);
    return disk ? { disk, inUse: isHot(slot) ? disk : there.inUse } : there;
  });
}

/** The process reads all that lies there: it was restarted or reloaded, by us or by somebody else. */
export function loaded(state: State, holder: HolderId): State {
  return withHoldings(state, holder, (_slot, { disk }) => ({ disk, inUse: disk }));
}

export function taken(
  state: State,
  holder: HolderId,
  change: { contents: ReadonlyMap<Slot, Contents>; taken: HowTaken; handOverTo?: HolderId | undefined },
): State {
  const there = written(state, holder, change.contents);
  const led = { ...there, leader: change.handOverTo ?? there.leader };
  return change.taken === 'by-itself' ? led : loaded(led, holder);
}

function withHoldings(
  state: State,
  holder: HolderId,
  change: (slot: Slot, there: { disk: Contents; inUse: Contents }) => { disk: Contents; inUse: Contents },
): State {
  const holdings = state.holders.get(holder) ?? new Map();
  const changed = new Map([...holdings].map(([slot, there]) => [slot, change(slot, there)]));
  return { ...state, holders: new Map(state.holders).set(holder, changed) };
}

/** What the agents report: of a bundle that is not loaded, the names that the port of a member lists. */
export function observed({ seen, leader, holders }: State): NodeObservation[] {
  const led = seen.flatMap((node) => node.holders).find(({ holder }) => holder === leader)?.status?.memberId;
  return seen.map((node) => ({
    ...node,
    holders: node.holders.map((one) => ({
      ...one,
      ...(one.status && led && { status: { ...one.status, leader: led } }),
      slots: Object.fromEntries(
        slotsOf(one.holder).map((slot) => {
          const { disk = [], inUse = [] } = holders.get(one.holder)?.get(slot) ?? {};
          const file = one.slots[slot]?.file ?? '';
          const bundle = {
            bundle: [...disk],
            loaded: disk === inUse,
            file,
            ...(one.holder.startsWith('member/') && { listed: inUse.map(({ facts }) => facts.subject) }),
          };
          const onDisk: SlotOnDisk = slots[slot].holds === 'leaf' ? { chain: [...disk], file } : bundle;
          return [slot, onDisk];
        }),
      ),
    })),
  }));
}

/**
 * Everything that may be in use at a moment: what is, what lies on disk (any process may be restarted by somebody else),
 * and of files that are being replaced the new contents as well.
 *
 * @param replacing by holder; nothing where nothing is under way
 */
export function possible(
  state: State,
  replacing: ReadonlyMap<HolderId, ReadonlyMap<Slot, Contents>> = new Map(),
): World {
  const parties = partiesOf(state.seen);
  return new Map(
    [...state.holders].flatMap(([holder, holdings]) => {
      const party = parties.get(holder);
      if (!party) return [];
      const next = replacing.get(holder);
      const all = [...holdings].map(([slot, { disk, inUse }]): [Slot, Contents[]] => [
        slot,
        [...new Set([inUse, disk, next?.get(slot) ?? disk])],
      ]);
      return [[holder, { ...party, slots: new Map(all) }]];
    }),
  );
}

const known = new WeakMap<readonly NodeObservation[], World>();

/** Rules, hosts and addresses of everybody, which no rotation changes. */
function partiesOf(seen: readonly NodeObservation[]): World {
  const world = known.get(seen) ?? worldFrom(seen);
  known.set(seen, world);
  return world;
}
