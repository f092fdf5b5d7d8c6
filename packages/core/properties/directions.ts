import type { Domain, FleetCluster, RotationRequest } from '@etcd-rotate/protocol';
import { describeRefusal, strangers } from '../src/trust.ts';
import { type Case, clusterOf, requestOf } from './case.ts';
import { heldName, quickJudge } from './certificates.ts';
import { settled, startOf } from './start.ts';
import { possible, type State } from './state.ts';
import { placesIn, tried } from './trial.ts';
import { afterSome, changesIn, planFrom } from './walk.ts';

/** A case that was carried out as far as that, and where its rotation came from and goes to. */
export interface Left {
  fleet: FleetCluster;
  request: Pick<RotationRequest, 'domains' | 'restarts'>;
  state: State;
  towards: Record<Domain, string>;
  back: Record<Domain, string>;
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
