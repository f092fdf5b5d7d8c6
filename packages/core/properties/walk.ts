import type { Action, FleetCluster, Plan, Result, RotationRequest, Slot, Step } from '@etcd-rotate/protocol';
import { holderName } from '@etcd-rotate/protocol';
import { hash, start } from '@etcd-rotate/testing';
import { groupsOf } from '../src/groups-of.ts';
import { leafKey, unchanged } from '../src/leaves.ts';
import { planTowards } from '../src/plan.ts';
import { contentsFor, type StandIns } from '../src/prove-plan.ts';
import type { WayBack } from '../src/way-back.ts';
import type { Contents, World } from '../src/world.ts';
import { caOf, held, heldName, quickJudge, replacing } from './certificates.ts';
import { observed, possible, type State, taken, written } from './state.ts';

export function planFrom(
  state: State,
  { fleet, request, back }: { fleet: FleetCluster; request: RotationRequest; back?: WayBack },
): Result<Plan> {
  return planTowards({
    ...(back && { back }),
    fleet: 'lab',
    cluster: fleet,
    request,
    observations: observed(state),
    held,
    warnings: [],
    times: undefined,
    now: start.toISOString(),
    verify: quickJudge.verify,
    hash,
  });
}

export type Change = Extract<Action, { type: 'change' }>;
export type ChangeStep = Step & { action: Change };

export function changesIn(steps: readonly Step[]): ChangeStep[] {
  return steps.filter((step): step is ChangeStep => step.action.type === 'change');
}

/** One group of steps of a plan: everything that may be in use while it is under way, and what is true after it. */
export interface Moment {
  changes: readonly ChangeStep[];
  middle: World;
  after: State;
}

export function walk(plan: Plan, from: State): Moment[] {
  let state = from;
  const certificates = standInsFor(plan, from);
  return groupsOf(plan.steps).flatMap((group) => {
    const changes = changesIn(group);
    if (changes.length === 0) return [];
    const contents = new Map(
      changes.map(({ holder, action }) => [holder, contentsFor(holder, action.slots, certificates)]),
    );
    const middle = possible(state, contents);
    state = changes.reduce((before, step) => carriedOut(before, step, certificates), state);
    return [{ changes, middle, after: state }];
  });
}

/** Some of the steps of a plan, and a part of the one after them: where a rotation may be left. */
export function afterSome(
  from: State,
  { plan, steps, half }: { plan: Plan; steps: number; half: 'nothing' | 'written' | 'some' },
): State {
  const all = groupsOf(plan.steps).flatMap(changesIn);
  const done = steps % (all.length + 1);
  const certificates = standInsFor(plan, from);
  const state = all.slice(0, done).reduce((before, step) => carriedOut(before, step, certificates), from);
  const next = all[done];
  return next ? halfDone(state, { step: next, half, certificates }) : state;
}

/** Files that are written while nobody was told, all of the step's or only those of one of its folders. */
function halfDone(
  state: State,
  {
    step: { holder, action },
    half,
    certificates,
  }: { step: ChangeStep; half: 'nothing' | 'written' | 'some'; certificates: StandIns },
): State {
  // What a declared client has loaded is not to be seen: the preflight refuses a bundle that it has not read.
  const isSeen = holder.startsWith('member/') || holder.startsWith('client/agent-');
  if (half === 'nothing' || !isSeen) return state;
  const all = contentsFor(holder, action.slots, certificates);
  const file = (slot: Slot) =>
    state.seen.flatMap(({ holders }) => holders).find((one) => one.holder === holder)?.slots[slot]?.file;
  const [first] = all.keys();
  const contents =
    half === 'written' || !first ? all : new Map([...all].filter(([slot]) => file(slot) === file(first)));
  return written({ ...state, leader: action.handOverTo ?? state.leader }, holder, contents);
}

function carriedOut(state: State, { holder, action }: ChangeStep, certificates: StandIns): State {
  const contents = contentsFor(holder, action.slots, certificates);
  return taken(state, holder, { contents, taken: action.taken, handOverTo: action.handOverTo });
}

/** The certificates that the steps of a plan install, made of what lies there before it. */
export function standInsFor({ profile, leafChanges }: Plan, from: State): StandIns {
  const made = new Map<string, Contents>();
  return {
    ca: caOf,
    leaf: (holder, slot, issuer) => {
      const key = `${leafKey(holder, slot)} ${heldName(issuer)}`;
      const [present] = from.holders.get(holder)?.get(slot)?.disk ?? [];
      if (!present) throw new Error(`${holderName(holder)} has no ${slot}`);
      const change = leafChanges[leafKey(holder, slot)] ?? unchanged;
      const leaf = made.get(key) ?? [replacing(present, slot, { issuer: heldName(issuer), change, profile })];
      made.set(key, leaf);
      return leaf;
    },
  };
}
