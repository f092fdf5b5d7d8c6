import type { Domain, FleetCluster, Plan, RotationRequest } from '@etcd-rotate/protocol';
import { slots, slotsOf } from '@etcd-rotate/protocol';
import { describeRefusal, strangers } from '../src/trust.ts';
import type { Contents } from '../src/world.ts';
import { type Case, clusterOf, requestOf } from './case.ts';
import { caOf, heldName, quickJudge } from './certificates.ts';
import { settled, startOf } from './start.ts';
import { observed, possible, type State } from './state.ts';
import { placesIn, tried } from './trial.ts';
import { afterSome, changesIn, planFrom } from './walk.ts';

/** A case that was carried out as far as that, and where its rotation came from and goes to. */
export interface Left {
  fleet: FleetCluster;
  request: Pick<RotationRequest, 'domains' | 'restarts'>;
  state: State;
  towards: Record<Domain, string>;
  back: Record<Domain, string>;
  /** What the rotation began with, and its plan. */
  start: State;
  plan: Plan;
}

/**
 * The rotation of a case, left after so many of its steps, with the next one done by half.
 *
 * @returns nothing where the case has no plan
 */
export function leftAfter(
  one: Case,
  { steps, half }: { steps: number; half: 'nothing' | 'written' | 'some' },
): (Left & { steps: number }) | undefined {
  const { earlier: _earlier, ...whole } = one;
  const found = clusterOf(one);
  const start = startOf({ ...whole, earlier: undefined }, found);
  const request = requestOf(one);
  const planned = planFrom(start, { fleet: found.fleet, request });
  if (!planned.ok) return undefined;
  const [client, peer] = one.cas;
  const ends = Object.entries(planned.value.domains).map(([domain, { target }]) => [
    domain,
    heldName(target),
  ]);
  return {
    fleet: found.fleet,
    // A renewal may be about a domain of which the bundles lie in a file with those of the other one.
    request: requestOf(one, { ...one.asks, strategy: 'staged' }),
    state: settled(afterSome(start, { plan: planned.value, steps, half })),
    towards: { client, peer, ...Object.fromEntries(ends) },
    back: { client, peer },
    start,
    plan: planned.value,
    steps: changesIn(planned.value.steps).length,
  };
}

/** What is wrong with the way from there to one CA a domain, whatever else lies in the bundles; nothing where it arrives. */
export function whyNotThere(
  { fleet, request: { domains, restarts }, state }: Left,
  ends: Record<Domain, string>,
): string | undefined {
  const request: RotationRequest = {
    ...{
      cluster: fleet.name,
      domains,
      strategy: 'staged',
      acceptDowntime: true,
      leaves: 'all',
      reissue: false,
      confirmRetire: false,
    },
    ...(restarts && { restarts }),
    targets: Object.fromEntries(domains.map((domain) => [domain, ends[domain]])),
    retire: restIn(state, domains, ends),
  };
  const { planned, moments, end } = tried(fleet, request, state);
  if (!planned.ok && planned.failure.code !== 'nothing-to-do') return planned.failure.message;
  for (const { changes, middle } of moments) {
    const [refusal] = strangers(middle, quickJudge).refusals;
    if (refusal) return `during ${changes.map(({ id }) => id)} ${describeRefusal(refusal)}`;
  }
  const [refusal] = strangers(possible(end), quickJudge).refusals;
  return refusal ? `in the end ${describeRefusal(refusal)}` : whatIsLeft(end, domains, ends);
}

/**
 * What is wrong with rolling back from there; nothing where every slot ends with what it held when the rotation began, or
 * with the new CA beside it, where that is to stay.
 */
export function whyNotRolledBack(
  { fleet, request, state, start, plan }: Left,
  { keepNewCa }: { keepNewCa: boolean },
): string | undefined {
  const made = Object.values(plan.domains).flatMap(({ target }) =>
    target.role === 'new' ? [[target.name, { name: target.name, certificate: caOf(target) }] as const] : [],
  );
  const rotation = { id: 'r1', plan, observations: observed(start), cas: Object.fromEntries(made) };
  const asked = towardsNothing(fleet, request);
  const { planned, moments, end } = tried(fleet, asked, withKept(state, start), { rotation, keepNewCa });
  if (!planned.ok && planned.failure.code !== 'nothing-to-do') return planned.failure.message;
  for (const { changes, middle } of moments) {
    const [refusal] = strangers(middle, quickJudge).refusals;
    if (refusal) return `during ${changes.map(({ id }) => id)} ${describeRefusal(refusal)}`;
  }
  return whatIsNotBack(end, { start, plan, keepNewCa });
}

/** Every node has kept the leaves that it began with. */
function withKept(state: State, start: State): State {
  const seen = state.seen.map((node) => ({
    ...node,
    kept: node.holders.flatMap(({ holder }) =>
      slotsOf(holder).flatMap((slot) => {
        const [leaf] = start.holders.get(holder)?.get(slot)?.disk ?? [];
        if (slots[slot].holds === 'bundle' || !leaf) return [];
        return [{ direction: 'forward' as const, holder, slot, fingerprint: leaf.facts.fingerprint }];
      }),
    ),
  }));
  return { ...state, seen };
}

function whatIsNotBack(
  end: State,
  { start, plan, keepNewCa }: Pick<Left, 'start' | 'plan'> & { keepNewCa: boolean },
): string | undefined {
  const news = Object.values(plan.domains).map(({ target }) => caOf(target).facts.fingerprint);
  for (const { holder, slot, holds, domain } of placesIn(end)) {
    if (!plan.domains[domain]) continue;
    const prints = (contents: Contents): string[] => contents.map(({ facts }) => facts.fingerprint);
    const then = prints(start.holders.get(holder)?.get(slot)?.disk ?? []);
    const { disk = [], inUse = [] } = end.holders.get(holder)?.get(slot) ?? {};
    for (const contents of [disk, inUse]) {
      const now = prints(contents).filter(
        (print) => holds === 'leaf' || !keepNewCa || then.includes(print) || !news.includes(print),
      );
      const isBack = holds === 'leaf' ? now.join() === then.join() : sameOnes(now, then);
      if (!isBack) return `${holder} ${slot} held ${then} and ends with ${now}`;
    }
  }
  return undefined;
}

function sameOnes(a: readonly string[], b: readonly string[]): boolean {
  return [...new Set(a)].sort().join() === [...new Set(b)].sort().join();
}

function towardsNothing(fleet: FleetCluster, { domains, restarts }: Left['request']): RotationRequest {
  return {
    ...{
      cluster: fleet.name,
      domains,
      strategy: 'staged',
      acceptDowntime: true,
      leaves: 'all',
      reissue: false,
    },
    ...{ confirmRetire: false, targets: {}, retire: [] },
    ...(restarts && { restarts }),
  };
}

/** CAs that lie in the bundles of a domain, or are loaded, and are not where it shall end. */
function restIn(state: State, domains: readonly Domain[], ends: Record<Domain, string>): string[] {
  const prints = placesIn(state)
    .filter(({ holds, domain }) => holds === 'bundle' && domains.includes(domain))
    .flatMap(({ holder, slot, domain }) => {
      const { disk = [], inUse = [] } = state.holders.get(holder)?.get(slot) ?? {};
      return [...disk, ...inUse].filter(({ facts }) => facts.subject !== `CN=${ends[domain]}`);
    })
    .map(({ facts }) => facts.fingerprint);
  return [...new Set(prints)];
}

function whatIsLeft(
  state: State,
  domains: readonly Domain[],
  ends: Record<Domain, string>,
): string | undefined {
  for (const { holder, slot, holds, domain, served } of placesIn(state)) {
    if (!domains.includes(domain)) continue;
    const { disk = [], inUse = [] } = state.holders.get(holder)?.get(slot) ?? {};
    const wanted = new Set(holds === 'leaf' ? [ends[domain]] : served.map((one) => ends[one]));
    for (const contents of [disk, inUse]) {
      const names = contents.map(({ facts }) => (holds === 'leaf' ? facts.issuer : facts.subject).slice(3));
      const same = names.length === wanted.size && names.every((name) => wanted.has(name));
      if (!same) return `${holder} ${slot} ends with ${names}, not with ${[...wanted]}`;
    }
  }
  return undefined;
}
