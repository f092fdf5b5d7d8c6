import type { FleetCluster, Plan, RotationRequest } from '@etcd-rotate/protocol';
import { planRotation } from '@etcd-rotate/runner';
import { rotationId } from '../rotation-id.ts';
import type { Desk } from './desk.ts';
import { destroyedTarget } from './destroyed-target.ts';
import { nobodyToApprove } from './nobody-to-approve.ts';
import { type Body, type Outcome, planChanged, refused, underWay } from './refusals.ts';

export function plan(desk: Desk, request: RotationRequest): Promise<Outcome> {
  return desk.inFleet(request.cluster, async (cluster) => {
    const vain = destroyedTarget(desk.parts, request) ?? nobodyToApprove(desk.parts, cluster);
    if (vain) return refused(vain);
    const planned = await planRotation(desk.parts.fleet.fleet, cluster, request, desk.parts.ports);
    if (!planned.ok) return planned;
    desk.show(planned.plan);
    const { proof, alternatives } = planned;
    return { ok: true, value: { type: 'plan', plan: planned.plan, proof, alternatives } };
  });
}

/** Plans again, and begins where that is the plan that was agreed to. The same request begins one rotation. */
export function start(
  desk: Desk,
  { id, operator }: { id: string; operator: string },
  { request, digest }: Body<'start'>,
): Promise<Outcome> {
  return desk.inFleet(request.cluster, async (cluster) => {
    const same = desk.rotations.all().find((one) => one.request === id);
    if (same) return started(same.id, desk.parts.journal.last());
    const other = desk.rotations.unfinished(cluster.name);
    if (other) return underWay(other);
    return desk.alone(cluster.name, async () => {
      const vain = destroyedTarget(desk.parts, request) ?? nobodyToApprove(desk.parts, cluster);
      if (vain) return refused(vain);
      const planned = await planRotation(desk.parts.fleet.fleet, cluster, request, desk.parts.ports);
      if (!planned.ok) return planned;
      if (planned.plan.digest === digest) return begin(desk, { id, operator, cluster, ...planned });
      const difference = desk.difference(digest, planned.plan);
      desk.show(planned.plan);
      return planChanged(cluster.name, difference);
    });
  });
}

interface Begin {
  id: string;
  operator: string;
  cluster: FleetCluster;
  plan: Plan;
  observations: Extract<Awaited<ReturnType<typeof planRotation>>, { ok: true }>['observations'];
}

async function begin(desk: Desk, { id, operator, cluster, plan, observations }: Begin): Promise<Outcome> {
  const rotation = rotationId(cluster.name, desk.parts.ports.clock.now());
  const of = { rotation, cluster: cluster.name, operator, request: id };
  const entry = await desk.parts.journal.append({ type: 'started', ...of, plan, observations });
  if (!entry.ok) return refused(entry.failure);
  desk.loops.run(rotation);
  return started(rotation, entry.value.seq);
}

export function started(rotation: string, sequence: number): Outcome {
  return { ok: true, value: { type: 'started', rotation, sequence } };
}
