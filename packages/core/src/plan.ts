import type {
  Failure,
  FleetCluster,
  KnownCertificate,
  NodeObservation,
  Plan,
  Result,
  RotationRequest,
} from '@etcd-rotate/protocol';
import { fail, ok } from '@etcd-rotate/protocol';
import type { Domains } from './domains.ts';
import { estimateOf, type Times } from './estimate.ts';
import { type Goal, goalOf } from './goal.ts';
import { holderIn, membersOf } from './holders.ts';
import { stepsFor } from './steps.ts';
import type { Verify } from './trust.ts';
import { goalBack, type WayBack } from './way-back.ts';
import { type World, worldFrom } from './world.ts';

export interface PlanInput {
  fleet: string;
  cluster: FleetCluster;
  request: RotationRequest;
  observations: readonly NodeObservation[];
  /** CAs whose keys the coordinator holds, by name. */
  held: ReadonlyMap<string, KnownCertificate>;
  warnings: Failure[];
  /** The rotation that shall go back, where this is its way back. */
  back?: WayBack;
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
  const goal = goalFor(input, world);
  if (!goal.ok) return goal;
  const { domains, direction, keepsNewCa, leafChanges } = goal.value;
  const members = membersOf(observations);
  const leader = members.find(({ status }) => status && status.leader === status.memberId);
  if (!leader?.status) {
    return fail('member-unhealthy', `${cluster.name}: no member leads`, 'bring the cluster to health first');
  }
  const policy = policyFor(input);
  const steps = stepsFor({
    cluster: { ...cluster, policy },
    strategy: request.strategy,
    restarts: policy.restarts,
    members,
    leader: leader.holder,
    world,
    goal: goal.value,
    takes: (holder) => holderIn(observations, holder)?.takes ?? 'by-itself',
  });
  if (!steps.some(({ action }) => action.type === 'change')) {
    return nothingToDo(cluster, domains);
  }
  const undigested: Omit<Plan, 'digest' | 'revision' | 'estimate'> = {
    version: 1,
    direction,
    keepsNewCa,
    fleet: input.fleet,
    cluster: cluster.name,
    strategy: request.strategy,
    restarts: policy.restarts,
    acceptDowntime: request.acceptDowntime,
    domains: onlyData(domains),
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

function goalFor(input: PlanInput, world: World): Result<Goal> {
  const kept = input.observations.flatMap((seen) => seen.kept ?? []);
  const towards = { ...input, world, kept };
  return input.back ? goalBack(towards, input.back) : goalOf(towards);
}

/**
 * On the way back every restart that can be spared is spared, and nobody is asked to wait for a snapshot or for a second
 * operator: it brings back what was there, and two persons were asked for what led there.
 */
function policyFor({ cluster: { policy }, request, back }: PlanInput): Plan['policy'] {
  if (back) {
    return { ...policy, restarts: 'when-needed', snapshot: 'off', confirmRetire: false, approvals: 1 };
  }
  return {
    ...policy,
    restarts: request.restarts ?? policy.restarts,
    confirmRetire: request.confirmRetire || policy.confirmRetire,
  };
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
