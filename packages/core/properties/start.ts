import type { HolderId, NodeObservation, Slot } from '@etcd-rotate/protocol';
import { slots, slotsOf } from '@etcd-rotate/protocol';
import { bundlesIn, casIn } from '../src/checks/seen-slots.ts';
import { inUse } from '../src/in-use.ts';
import type { Contents } from '../src/world.ts';
import { type Case, type Found, requestOf, sharesBundles, sharesLeaves } from './case.ts';
import { ca, firstLeaf } from './certificates.ts';
import { loaded, observed, type State, written } from './state.ts';
import { afterSome, planFrom } from './walk.ts';

/** A cluster as it is found: healthy, and perhaps half done. */
export function startOf(one: Case, found: Found): State {
  const healthy = withOwn(one, untouched(one, found));
  if (!one.earlier) return settled(healthy);
  const planned = planFrom(healthy, { fleet: found.fleet, request: requestOf(one, one.earlier) });
  const state = planned.ok ? afterSome(healthy, { plan: planned.value, ...one.earlier }) : healthy;
  return settled(state);
}

function untouched(one: Case, { seen: all, leader }: Found): State {
  const seen = sharesLeaves(one) ? all.map(withOneLeafFile) : all;
  const [client, peer] = one.cas.map((name) => ca(name));
  if (!client || !peer) throw new Error('a case has two CAs');
  const both = client === peer ? [client] : [client, peer];
  const isOne = sharesBundles(one);
  const holders = seen.flatMap((node) => node.holders.map(({ holder }) => holder));
  const diskOf = (holder: HolderId, slot: Slot, isShort: boolean): Contents => {
    const isClient = slots[slot].domain === 'client';
    if (slots[slot].holds === 'leaf') {
      return [firstLeaf(holder, slot, { ca: one.cas[isClient ? 0 : 1], isShort })];
    }
    if (isOne && holder.startsWith('member/')) return both;
    return [isClient ? client : peer];
  };
  return {
    seen,
    leader,
    holders: new Map(
      holders.map((holder, i) => {
        const isShort = one.short[i % one.short.length] ?? false;
        const holdings = slotsOf(holder).map((slot): [Slot, { disk: Contents; inUse: Contents }] => {
          const disk = diskOf(holder, slot, isShort);
          return [slot, { disk, inUse: disk }];
        });
        return [holder, new Map(holdings)];
      }),
    ),
  };
}

function withOneLeafFile(node: NodeObservation): NodeObservation {
  return {
    ...node,
    holders: node.holders.map((holder) => {
      const { 'server-leaf': server, 'peer-leaf': peer } = holder.slots;
      if (!server || !peer) return holder;
      return { ...holder, slots: { ...holder.slots, 'peer-leaf': { ...peer, file: server.file } } };
    }),
  };
}

/** One more CA in a bundle is never wrong, whether the process has read it or not. */
function withOwn({ own }: Case, state: State): State {
  const extra = ca(own.ca);
  let turn = 0;
  let result = state;
  for (const [holder, holdings] of state.holders) {
    const files = new Map<string, Contents>();
    const changes = new Map<Slot, Contents>();
    let reads = false;
    for (const slot of slotsOf(holder)) {
      const there = holdings.get(slot);
      const file = fileOf(state, holder, slot);
      if (slots[slot].holds === 'leaf' || !there) continue;
      if (!files.has(file)) {
        const how = own.bundles[turn++ % own.bundles.length] ?? 'nothing';
        files.set(file, how === 'nothing' ? there.disk : [...there.disk, extra]);
        // What a client has loaded is not to be seen, so that it has to have loaded what lies there.
        reads ||= how === 'loaded' || !holder.startsWith('member/');
      }
      const contents = files.get(file) ?? there.disk;
      if (contents !== there.disk) changes.set(slot, contents);
    }
    result = written(result, holder, changes);
    if (reads) result = loaded(result, holder);
  }
  return result;
}

export function fileOf({ seen }: State, holder: HolderId, slot: Slot): string {
  const there = files.get(seen) ?? filesIn(seen);
  files.set(seen, there);
  return there.get(`${holder} ${slot}`) ?? '';
}

const files = new WeakMap<State['seen'], Map<string, string>>();

function filesIn(seen: State['seen']): Map<string, string> {
  const holders = seen.flatMap((node) => node.holders);
  return new Map(
    holders.flatMap(({ holder, slots: there }) =>
      slotsOf(holder).map((slot): [string, string] => [`${holder} ${slot}`, there[slot]?.file ?? '']),
    ),
  );
}

/** Members of which nobody knows what they trust are restarted by an operator, as the preflight asks him to. */
export function settled(state: State): State {
  const seen = observed(state);
  const bundles = bundlesIn(seen);
  const known = casIn(bundles);
  const unclear = bundles.filter(({ contents }) => inUse(contents, known) === undefined);
  return unclear.reduce((result, { seen: { holder } }) => loaded(result, holder), state);
}
