import type {
  Domain,
  FleetCluster,
  HolderId,
  Plan,
  Result,
  RotationRequest,
  Slot,
} from '@etcd-rotate/protocol';
import { slots, slotsOf } from '@etcd-rotate/protocol';
import type { WayBack } from '../src/way-back.ts';
import { type Case, clusterOf, requestOf } from './case.ts';
import { heldName } from './certificates.ts';
import { fileOf, startOf } from './start.ts';
import type { State } from './state.ts';
import { type Moment, planFrom, walk } from './walk.ts';

/** A case, its plan, and everything that happens when that is carried out. */
export interface Trial {
  fleet: FleetCluster;
  request: RotationRequest;
  start: State;
  planned: Result<Plan>;
  moments: readonly Moment[];
  end: State;
}

export function trialOf(one: Case): Trial {
  const found = clusterOf(one);
  return tried(found.fleet, requestOf(one), startOf(one, found));
}

export function tried(fleet: FleetCluster, request: RotationRequest, start: State, back?: WayBack): Trial {
  const planned = planFrom(start, { fleet, request, ...(back && { back }) });
  const moments = planned.ok ? walk(planned.value, start) : [];
  return { fleet, request, start, planned, moments, end: moments.at(-1)?.after ?? start };
}

/** The same request once more, for the CAs that the first one ended on. */
export function onceMore({ planned, request, fleet, end }: Trial): Result<Plan> | undefined {
  if (!planned.ok) return undefined;
  const targets = Object.fromEntries(
    Object.entries(planned.value.domains).map(([domain, { target }]) => [domain, heldName(target)]),
  );
  const again: RotationRequest =
    request.strategy === 'renew' ? { ...request, leaves: 'due' } : { ...request, targets };
  return planFrom(end, { fleet, request: again });
}

export interface Place {
  holder: HolderId;
  slot: Slot;
  holds: 'leaf' | 'bundle';
  domain: Domain;
  /** The domains that its file serves. */
  served: Domain[];
}

/** Every slot of everybody. */
export function placesIn(state: State): Place[] {
  const places = known.get(state.seen) ?? findPlaces(state);
  known.set(state.seen, places);
  return places;
}

const known = new WeakMap<State['seen'], Place[]>();

function findPlaces(state: State): Place[] {
  return [...state.holders.keys()].flatMap((holder) =>
    slotsOf(holder).map((slot) => {
      const file = fileOf(state, holder, slot);
      const together = slotsOf(holder).filter((other) => fileOf(state, holder, other) === file);
      const served = [...new Set(together.map((one) => slots[one].domain))];
      return { holder, slot, served, holds: slots[slot].holds, domain: slots[slot].domain };
    }),
  );
}
