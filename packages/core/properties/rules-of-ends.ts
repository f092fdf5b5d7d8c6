import type { Domain, KnownCertificate } from '@etcd-rotate/protocol';
import { aCa } from '@etcd-rotate/testing';
import { isAsWanted, leafChangesOf, leafKey, unchanged } from '../src/leaves.ts';
import { caOf, heldName } from './certificates.ts';
import type { Rule } from './rules-of-trust.ts';
import type { State } from './state.ts';
import { onceMore, type Place, placesIn, type Trial } from './trial.ts';

const nameOf = (subject: string) => subject.replace('CN=', '');

/** Every leaf is of the CA that was asked for and as the fleet file wants it; no bundle has a CA that had to leave. */
export const itEndsOnItsTarget: Rule = (trial) => {
  const { planned, start, end } = trial;
  if (!planned.ok) return undefined;
  const { domains } = planned.value;
  const target = (domain: Domain) => domains[domain]?.target;
  for (const place of placesIn(start)) {
    const where = `${place.holder} ${place.slot}`;
    const [before, there] = [at(start, place), at(end, place)];
    const wanted = target(place.domain);
    if (!wanted) {
      if (there.disk !== before.disk) return `${where} is changed, and it is not of these domains`;
      continue;
    }
    if (place.holds === 'leaf') {
      const [leaf] = there.inUse;
      if (!leaf || there.inUse !== there.disk) return `${where} is not loaded`;
      if (nameOf(leaf.facts.issuer) !== heldName(wanted)) return `${where} is of ${leaf.facts.issuer}`;
      if (!hasItsChanges(trial, place, leaf)) return `${where} does not say what it should`;
      continue;
    }
    if (planned.value.strategy === 'renew') {
      if (there.disk !== before.disk) return `${where} is changed by a renewal`;
      continue;
    }
    const ends = place.served
      .flatMap((domain) => target(domain) ?? [])
      .map((ref) => caOf(ref).facts.fingerprint);
    const issued = leaving(trial, place.served).filter((print) => !ends.includes(print));
    for (const prints of [there.disk, there.inUse].map((cas) => cas.map(({ facts }) => facts.fingerprint))) {
      if (!ends.every((print) => prints.includes(print))) return `${where} lacks its target`;
      if (issued.some((print) => prints.includes(print))) return `${where} still has an old CA`;
      if (new Set(prints).size < prints.length) return `${where} has a CA twice`;
    }
  }
  return undefined;
};

/** CAs that issued what was presented in these domains. */
function leaving({ start }: Trial, domains: readonly Domain[]): string[] {
  return placesIn(start)
    .filter(({ holds, domain }) => holds === 'leaf' && domains.includes(domain))
    .flatMap((place) => at(start, place).disk)
    .map(({ facts }) => aCa(nameOf(facts.issuer)).known.facts.fingerprint);
}

function hasItsChanges({ fleet }: Trial, { holder, slot }: Place, leaf: KnownCertificate): boolean {
  return isAsWanted(leaf, leafChangesOf(fleet)[leafKey(holder, slot)] ?? unchanged, fleet.profile);
}

function at({ holders }: State, { holder, slot }: Place) {
  const there = holders.get(holder)?.get(slot);
  if (!there) throw new Error(`${holder} has no ${slot}`);
  return there;
}

export const atItsTargetThereIsNothingToDo: Rule = (trial) => {
  const again = onceMore(trial);
  if (!again) return undefined;
  if (again.ok)
    return `there are ${again.value.steps.length} steps more: ${again.value.steps.map(({ id }) => id)}`;
  return again.failure.code === 'nothing-to-do' ? undefined : again.failure.message;
};

/** A plan is refused where the cluster is at its target, or where a renewal finds leaves of two CAs; for nothing else. */
export const onlyWhatCannotBeIsRefused: Rule = (trial) => {
  const { planned, start, request } = trial;
  if (planned.ok) return undefined;
  const leaves = placesIn(start).filter(
    ({ holds, domain }) => holds === 'leaf' && request.domains.includes(domain),
  );
  const issuersIn = (domain: Domain) =>
    new Set(leaves.filter((one) => one.domain === domain).map((one) => at(start, one).disk[0]?.facts.issuer));
  switch (planned.failure.code) {
    case 'no-old-ca':
      return request.strategy === 'renew' && request.domains.some((domain) => issuersIn(domain).size > 1)
        ? undefined
        : planned.failure.message;
    case 'nothing-to-do': {
      const changed = leaves.find((place) => {
        const [leaf] = at(start, place).disk;
        return !leaf || !hasItsChanges(trial, place, leaf);
      });
      if (changed) return `the ${changed.slot} of ${changed.holder} does not say what it should`;
      if (request.strategy === 'renew') return request.leaves === 'due' ? undefined : 'leaves can be renewed';
      const other = leaves.find((place) => {
        const issuer = nameOf(at(start, place).disk[0]?.facts.issuer ?? '');
        return issuer !== request.targets[place.domain];
      });
      return other && `the ${other.slot} of ${other.holder} is of another CA`;
    }
    default:
      return planned.failure.message;
  }
};

/** Trust adds only where a CA is missing, on disk or in use; issue replaces no leaf that may stay. */
export const onlyWhatIsNotYetTrueIsDone: Rule = ({ planned, moments, start, request, fleet }) => {
  if (!planned.ok || request.strategy === 'renew') return undefined;
  const changes = leafChangesOf(fleet);
  for (const { id, holder, stage, action } of moments.flatMap((moment) => moment.changes)) {
    for (const [slot, target] of Object.entries(action.slots)) {
      const place = placesIn(start).find((one) => one.holder === holder && one.slot === slot);
      if (!place) return `${id}: ${holder} has no ${slot}`;
      const there = at(start, place);
      const ends = place.served.flatMap((domain) => planned.value.domains[domain]?.target ?? []);
      if (stage === 'trust') {
        const has = (cas: readonly KnownCertificate[]) =>
          ends.every((ref) => cas.some((ca) => isOf(ca, heldName(ref))));
        if (has(there.disk) && has(there.inUse)) return `${id}: the ${slot} has the new CA already`;
      }
      if ('leafOf' in target) {
        const [leaf] = there.disk;
        const isThere = leaf && nameOf(leaf.facts.issuer) === heldName(target.leafOf);
        if (isThere && isAsWanted(leaf, changes[leafKey(holder, place.slot)] ?? unchanged, fleet.profile)) {
          return `${id}: the ${slot} could stay`;
        }
      }
    }
  }
  return undefined;
};

function isOf({ facts }: KnownCertificate, name: string): boolean {
  return nameOf(facts.subject) === name;
}
