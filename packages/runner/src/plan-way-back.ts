import {
  type CheckInput,
  changedWhileHeld,
  planTowards,
  type Rotation,
  wayBackRefusalsOf,
} from '@etcd-rotate/core';
import type { Domain, FleetCluster, Plan, RotationRequest } from '@etcd-rotate/protocol';
import { observe } from './observe.ts';
import { type Planned, prove } from './plan-rotation.ts';
import type { PlanningPorts } from './ports.ts';

/**
 * The way back of a rotation from where it is: what every slot held before it, checked, planned and proven like a way out.
 *
 * @param keepNewCa the new CA stays in the bundles
 */
export async function planWayBack(
  cluster: FleetCluster,
  { rotation, keepNewCa }: { rotation: Rotation; keepNewCa: boolean },
  ports: PlanningPorts,
): Promise<Planned> {
  const { plan: out } = rotation;
  const askedAt = ports.clock.now().toISOString();
  const { observations, missing } = await observe(out.fleet, cluster, ports, rotation.id);
  const now = ports.clock.now().toISOString();
  const { covers, verify } = ports;
  const request = asPlanned(out);
  const held = ports.heldCas();
  const input: CheckInput = {
    ...{ cluster, request, observations, missing, askedAt, now, covers, verify, held },
  };
  const [first, ...rest] = wayBackRefusalsOf(input, out.plannedFrom);
  if (first) return { ok: false, failures: [first, ...rest] };
  const planned = planTowards({
    ...{ fleet: out.fleet, cluster, request, observations, held, now, verify },
    // What others put there stays: a way back takes away only what the rotation brought.
    warnings: changedWhileHeld(rotation, observations),
    back: { rotation, keepNewCa },
    times: ports.times(cluster.name),
    hash: ports.hash,
  });
  if (!planned.ok) return { ok: false, failures: [planned.failure] };
  const proven = await prove(planned.value, observations, ports);
  if (!proven.ok) return proven;
  return { ok: true, plan: planned.value, proof: proven.proof, observations, alternatives: [] };
}

/** What was asked for, as far as what is checked before a rotation goes on, or back, depends on it. */
export function asPlanned({ cluster, domains, strategy, restarts, acceptDowntime }: Plan): RotationRequest {
  return {
    cluster,
    domains: Object.keys(domains) as Domain[],
    strategy,
    restarts,
    targets: {},
    acceptDowntime,
    leaves: 'all',
    retire: [],
    reissue: false,
    confirmRetire: false,
  };
}
