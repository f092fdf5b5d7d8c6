import {
  type CheckInput,
  planTowards,
  provePlan,
  refusalsOf,
  warningsOf,
  worldFrom,
} from '@etcd-rotate/core';
import {
  type Alternative,
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
  | {
      ok: true;
      plan: Plan;
      proof: ProofLine[];
      observations: NodeObservation[];
      /** The ways there are, the one that was asked for among them. */
      alternatives: Alternative[];
    }
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
  const { covers, verify } = ports;
  const input: CheckInput = {
    ...{ cluster, request, observations, missing, askedAt, now, covers, verify },
    held: ports.heldCas(),
  };
  const planned = planOf(fleet, input, ports);
  if (!planned.ok) return planned;
  const proven = await prove(planned.plan, observations, ports);
  if (!proven.ok) return proven;
  const alternatives = alternativesTo(fleet, input, ports);
  return { ok: true, plan: planned.plan, proof: proven.proof, observations, alternatives };
}

/** What a plan says, shown with throw-away certificates to hold at each of its steps. */
export async function prove(
  plan: Plan,
  observations: NodeObservation[],
  { verify, covers, standIns: standInsFor }: Pick<PlanningPorts, 'verify' | 'covers' | 'standIns'>,
): Promise<{ ok: true; proof: ProofLine[] } | { ok: false; failures: [Failure, ...Failure[]] }> {
  const standIns = await standInsFor(plan, observations);
  const judge = { verify, covers, aheadMs: plan.policy.horizon };
  const proof = provePlan(plan, worldFrom(observations), standIns, judge);
  const unproven = proof.find(({ strangers }) => strangers.length > 0);
  if (!unproven) return { ok: true, proof };
  const where = unproven.step === 'now' ? 'as the cluster is now,' : `at ${unproven.step}`;
  const { failure } = fail(
    'stranger',
    `the plan cannot be proven: ${where} ${unproven.strangers[0]}`,
    'nothing was changed; look at the certificate named',
  );
  return { ok: false, failures: [{ ...failure, causes: unproven.strangers }] };
}

function planOf(
  fleet: string,
  input: CheckInput,
  ports: PlanningPorts,
): { ok: true; plan: Plan } | { ok: false; failures: [Failure, ...Failure[]] } {
  const [first, ...rest] = refusalsOf(input);
  if (first) return { ok: false, failures: [first, ...rest] };
  const { cluster, request, observations, held, now, verify } = input;
  const plan = planTowards({
    ...{ fleet, cluster, request, observations, held, now, verify },
    warnings: warningsOf(input),
    times: ports.times(cluster.name),
    hash: ports.hash,
  });
  return plan.ok ? { ok: true, plan: plan.value } : { ok: false, failures: [plan.failure] };
}

const ways = [
  { strategy: 'staged', restarts: 'every-stage' },
  { strategy: 'staged', restarts: 'when-needed' },
  { strategy: 'renew', restarts: 'when-needed' },
] as const;

/** What each of the strategies would cost here, or why it is not possible. */
function alternativesTo(fleet: string, input: CheckInput, ports: PlanningPorts): Alternative[] {
  return ways.map((way) => {
    const planned = planOf(fleet, { ...input, request: { ...input.request, ...way } }, ports);
    const outcome = planned.ok ? { estimate: planned.plan.estimate } : { refusal: planned.failures[0] };
    return { ...way, outcome };
  });
}
