import { planTowards, provePlan, refusalsOf, worldFrom } from '@etcd-rotate/core';
import {
  type Failure,
  type FleetCluster,
  fail,
  type NodeObservation,
  type Plan,
  type ProofLine,
  type RotationRequest,
} from '@etcd-rotate/protocol';
import { observe } from './observe.ts';
import type { PlanningPorts } from './ports.ts';

export type Planned =
  | { ok: true; plan: Plan; proof: ProofLine[]; observations: NodeObservation[] }
  | { ok: false; failures: [Failure, ...Failure[]] };

/**
 * Looks at the nodes, asks the checks, makes a plan and proves it with throw-away certificates of the same profile. A
 * dry run ends here; a run goes on with the same plan.
 */
export async function planRotation(
  fleet: string,
  cluster: FleetCluster,
  request: RotationRequest,
  ports: PlanningPorts,
): Promise<Planned> {
  const askedAt = ports.clock.now().toISOString();
  const { observations, missing } = await observe(fleet, cluster, ports);
  const now = ports.clock.now().toISOString();
  const refusals = refusalsOf({
    cluster,
    request,
    observations,
    missing,
    askedAt,
    now,
    covers: ports.covers,
  });
  const [first, ...rest] = refusals;
  if (first) return { ok: false, failures: [first, ...rest] };
  const plan = planTowards({
    fleet,
    cluster,
    request,
    observations,
    held: ports.heldCas(),
    warnings: [],
    verify: ports.verify,
    hash: ports.hash,
  });
  if (!plan.ok) return { ok: false, failures: [plan.failure] };
  const standIns = await ports.standIns(plan.value, observations);
  const proof = provePlan(plan.value, worldFrom(observations), standIns, ports.verify);
  const unproven = proof.find(({ strangers }) => strangers.length > 0);
  if (!unproven) return { ok: true, plan: plan.value, proof, observations };
  const { failure } = fail(
    'stranger',
    `the plan cannot be proven: at ${unproven.step} ${unproven.strangers[0]}`,
    'nothing was changed; look at the certificate named',
  );
  return { ok: false, failures: [{ ...failure, causes: unproven.strangers }] };
}
