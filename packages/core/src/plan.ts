import type {
  CaRef,
  Failure,
  FleetCluster,
  HolderId,
  HolderObservation,
  KnownCertificate,
  NodeObservation,
  Plan,
  Result,
  RotationRequest,
  Slot,
} from '@etcd-rotate/protocol';
import { fail, ok, slots } from '@etcd-rotate/protocol';
import { type Domains, domainsToRotate } from './domains.ts';
import { estimateOf, type Times } from './estimate.ts';
import { isAsWanted, isDue, leafChangesOf, leafKey, unchanged } from './leaves.ts';
import { stepsFor } from './steps.ts';
import type { Verify } from './trust.ts';
import { type Contents, type World, worldFrom } from './world.ts';

export interface PlanInput {
  fleet: string;
  cluster: FleetCluster;
  request: RotationRequest;
  observations: readonly NodeObservation[];
  /** CAs whose keys the coordinator holds, by name. */
  held: ReadonlyMap<string, KnownCertificate>;
  warnings: Failure[];
  /** What steps took on this cluster before, where that is known. */
  times: Times | undefined;
  now: string;
  verify: Verify;
  /** SHA-256 of a text, in hex. */
  hash(text: string): string;
}

/**
 * The only planner: the steps from what was observed to where every domain ends on its target. A start, a plan made
 * again and a way back (target: the old CA) are the same function. It plans; whether the plan may exist is for
 * `checks/preflight.ts`, and whether it is safe for `prove-plan.ts`.
 */
export function planTowards(input: PlanInput): Result<Plan> {
  const { cluster, request, observations } = input;
  const world = worldFrom(observations);
  const domains = domainsToRotate({ request, world, held: input.held, verify: input.verify });
  if (!domains.ok) return domains;
  const members = membersOf(observations);
  const leader = members.find(({ status }) => status && status.leader === status.memberId);
  if (!leader?.status) {
    return fail('member-unhealthy', `${cluster.name}: no member leads`, 'bring the cluster to health first');
  }
  const policy = { ...cluster.policy, restarts: request.restarts ?? cluster.policy.restarts };
  const leafChanges = leafChangesOf(cluster);
  const steps = stepsFor({
    cluster,
    strategy: request.strategy,
    restarts: policy.restarts,
    members,
    leader: leader.holder,
    world,
    domains: domains.value,
    leafFor: (holder, slot, chain) =>
      leafFor(input, domains.value, {
        slot,
        chain,
        change: leafChanges[leafKey(holder, slot)] ?? unchanged,
        isLoaded: !world.get(holder)?.unloaded.has(slot),
      }),
    takes: (holder) => holderIn(observations, holder)?.takes ?? 'by-itself',
  });
  if (!steps.some(({ action }) => action.type === 'change')) {
    return nothingToDo(cluster, domains.value);
  }
  const undigested: Omit<Plan, 'digest' | 'revision' | 'estimate'> = {
    version: 1,
    fleet: input.fleet,
    cluster: cluster.name,
    strategy: request.strategy,
    restarts: policy.restarts,
    acceptDowntime: request.acceptDowntime,
    domains: onlyData(domains.value),
    steps,
    policy,
    profile: cluster.profile,
    leafChanges,
    plannedFrom: {
      clusterId: leader.status.clusterId,
      leader: leader.status.memberId,
      members: members.flatMap(({ holder, status }) =>
        status
          ? [
              {
                holder,
                id: status.memberId,
                version: status.version,
                peerUrls: status.members.find(({ id }) => id === status.memberId)?.peerUrls ?? [],
              },
            ]
          : [],
      ),
      slots: fingerprints(world),
      circumstances: input.hash(JSON.stringify(circumstances(observations))),
    },
    warnings: input.warnings,
  };
  const revision = Math.min(...members.flatMap(({ status }) => status?.revision ?? []));
  const estimate = estimateOf(undigested, { times: input.times, members, held: [...input.held.values()] });
  return ok({ ...undigested, revision, estimate, digest: input.hash(JSON.stringify(undigested)) });
}

/** The CA that shall issue another leaf for a slot, or nothing where the leaf it has may stay. */
function leafFor(
  { request, cluster: { profile }, now }: PlanInput,
  domains: Domains,
  {
    slot,
    chain,
    change,
    isLoaded,
  }: { slot: Slot; chain: Contents; change: Plan['leafChanges'][string]; isLoaded: boolean },
): CaRef | undefined {
  const domain = domains[slots[slot].domain];
  const [leaf] = chain;
  if (!domain || !leaf) return undefined;
  const { target } = domain;
  switch (request.strategy) {
    case 'staged':
      // Of a leaf that was not loaded the one before it may be in use: that has to be gone before its CA is.
      return isLoaded && domain.isOfTarget(chain) && isAsWanted(leaf, change, profile) ? undefined : target;
    case 'renew': {
      if (request.leaves === 'all' || !isLoaded || !isAsWanted(leaf, change, profile)) return target;
      const issuer = target.role === 'held' ? target.certificate : undefined;
      return issuer && isDue(leaf, { issuer, profile, now }) ? target : undefined;
    }
  }
}

function nothingToDo({ name }: FleetCluster, domains: Domains): Result<never> {
  const others = Object.values(domains).flatMap((domain) => domain.others);
  const stays = [...new Map(others.map(({ facts }) => [facts.fingerprint, facts])).values()];
  return fail(
    'nothing-to-do',
    `${name} is where the rotation would end`,
    stays.length === 0
      ? 'there is nothing to rotate'
      : `other CAs in its bundles stay: ${stays.map(({ subject, fingerprint }) => `${subject} (${fingerprint.slice(0, 8)})`).join(', ')}; one of them is taken out with --retire FINGERPRINT`,
  );
}

export function membersOf(observations: readonly NodeObservation[]): HolderObservation[] {
  return observations.flatMap(({ holders }) => holders.filter(({ holder }) => holder.startsWith('member/')));
}

export function holderIn(
  observations: readonly NodeObservation[],
  holder: HolderId,
): HolderObservation | undefined {
  return observations.flatMap(({ holders }) => holders).find((seen) => seen.holder === holder);
}

/** What the proof rests on besides certificates. */
function circumstances(observations: readonly NodeObservation[]): unknown[] {
  return observations.flatMap(({ node, holders }) =>
    holders.map(
      ({ holder, takes, flags, endpoint, peerEndpoint, endpoints, dialsFrom, revoked, slots, status }) => [
        ...[node, holder, takes, flags, endpoint, peerEndpoint, endpoints, dialsFrom, revoked],
        Object.entries(slots).map(([slot, seen]) => [slot, seen.file, seen.loaded]),
        status?.members.find(({ id }) => id === status.memberId)?.clientUrls,
      ],
    ),
  );
}

function fingerprints(world: World): Record<string, string[]> {
  return Object.fromEntries(
    [...world.values()].flatMap((party) =>
      [...party.slots.keys()].map((slot) => [
        `${party.holder} ${slot}`,
        (party.slots.get(slot) ?? []).flatMap((contents) => contents.map(({ facts }) => facts.fingerprint)),
      ]),
    ),
  );
}

function onlyData(domains: Domains): Plan['domains'] {
  return Object.fromEntries(
    Object.entries(domains).map(([domain, { old, target, others }]) => [domain, { old, target, others }]),
  );
}
