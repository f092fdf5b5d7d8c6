import type {
  Domain,
  Failure,
  FleetCluster,
  HolderId,
  HolderObservation,
  KnownCertificate,
  NodeObservation,
  Plan,
  Result,
  RotationRequest,
  Step,
} from '@etcd-rotate/protocol';
import { fail, ok } from '@etcd-rotate/protocol';
import { type DomainToRotate, domainsToRotate } from './domains.ts';
import { stepsFor } from './steps.ts';
import type { Verify } from './trust.ts';
import { contentsOf, type World, worldFrom } from './world.ts';

export interface PlanInput {
  fleet: string;
  cluster: FleetCluster;
  request: RotationRequest;
  observations: readonly NodeObservation[];
  /** CAs whose keys the coordinator holds, by name. */
  held: ReadonlyMap<string, KnownCertificate>;
  warnings: Failure[];
  verify: Verify;
  /** SHA-256 of a text, in hex. */
  hash(text: string): string;
}

/**
 * The only planner: the steps from what was observed to where every domain ends on its target. A start, a plan made
 * again and a way back (target: the old CA) are the same function. It plans; whether the plan may exist is for
 * `checks.ts`, and whether it is safe for `prove-plan.ts`.
 */
export function planTowards(input: PlanInput): Result<Plan> {
  const { cluster, request, observations } = input;
  const world = worldFrom(observations);
  const domains = domainsToRotate(request, world, input.held, input.verify);
  if (!domains.ok) return domains;
  const members = membersOf(observations);
  const leader = members.find(({ status }) => status && status.leader === status.memberId);
  if (!leader?.status) {
    return fail('member-unhealthy', `${cluster.name}: no member leads`, 'bring the cluster to health first');
  }
  const steps = stepsFor({
    cluster,
    members,
    leader: leader.holder,
    world,
    domains: domains.value,
    takes: (holder) => holderIn(observations, holder)?.takes ?? 'by-itself',
  });
  if (!steps.some(({ action }) => action.type === 'change')) {
    return fail(
      'nothing-to-do',
      `${cluster.name} is where the rotation would end`,
      'there is nothing to rotate',
    );
  }
  const policy = { ...cluster.policy, restarts: request.restarts ?? cluster.policy.restarts };
  const undigested: Omit<Plan, 'digest' | 'revision'> = {
    version: 1,
    fleet: input.fleet,
    cluster: cluster.name,
    strategy: request.strategy,
    restarts: policy.restarts,
    acceptDowntime: request.acceptDowntime,
    domains: onlyData(domains.value),
    steps,
    estimate: estimate(steps),
    policy,
    profile: cluster.profile,
    addNames: addedNames(cluster),
    plannedFrom: {
      clusterId: leader.status.clusterId,
      leader: leader.status.memberId,
      members: members.flatMap(({ holder, status }) =>
        status ? [{ holder, id: status.memberId, version: status.version }] : [],
      ),
      slots: fingerprints(world),
    },
    warnings: input.warnings,
  };
  const revision = Math.min(...members.flatMap(({ status }) => status?.revision ?? []));
  return ok({ ...undigested, revision, digest: input.hash(JSON.stringify(undigested)) });
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

function estimate(steps: readonly Step[]): Plan['estimate'] {
  const changes = steps.flatMap(({ holder, action }) =>
    action.type === 'change' ? [{ member: holder.startsWith('member/'), ...action }] : [],
  );
  return {
    etcdRestarts: changes.filter(({ member, taken }) => member && taken === 'restart').length,
    clientRestarts: changes.filter(({ member, taken }) => !member && taken === 'restart').length,
    clientReloads: changes.filter(({ member, taken }) => !member && taken === 'reload').length,
    leaderMoves: changes.filter(({ handOverTo }) => handOverTo !== undefined).length,
  };
}

function addedNames(cluster: FleetCluster): Plan['addNames'] {
  return Object.fromEntries(
    cluster.members.flatMap(({ name, addNames = {} }) =>
      (Object.entries(addNames) as [Domain, Plan['addNames'][string]][]).map(([domain, names]) => [
        `member/${name} ${domain === 'client' ? 'server-leaf' : 'peer-leaf'}`,
        names,
      ]),
    ),
  );
}

function fingerprints(world: World): Record<string, string[]> {
  return Object.fromEntries(
    [...world.values()].flatMap((party) =>
      [...party.slots.keys()].map((slot) => [
        `${party.holder} ${slot}`,
        contentsOf(world, party.holder, slot).map(({ facts }) => facts.fingerprint),
      ]),
    ),
  );
}

function onlyData(domains: Partial<Record<Domain, DomainToRotate>>): Plan['domains'] {
  return Object.fromEntries(
    Object.entries(domains).map(([domain, { old, target, others }]) => [domain, { old, target, others }]),
  );
}
