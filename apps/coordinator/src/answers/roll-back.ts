import { planWayBack } from '@etcd-rotate/runner';
import type { Desk } from './desk.ts';
import { type Body, type Outcome, planChanged, refused } from './refusals.ts';
import { started } from './start.ts';

/** Shows the way back from where a rotation is held. */
export function planRollback(
  desk: Desk,
  { rotation: id, keepNewCa }: Body<'plan-rollback'>,
): Promise<Outcome> {
  return desk.steer('rollback', id, (rotation) =>
    desk.inFleet(rotation.cluster, async (cluster) => {
      const planned = await planWayBack(cluster, { rotation, keepNewCa }, desk.parts.ports);
      if (!planned.ok) return planned;
      const { plan, proof, alternatives } = planned;
      desk.show(plan);
      return { ok: true, value: { type: 'plan', plan, proof, alternatives } };
    }),
  );
}

/** Plans the way back again, and turns where that is the plan that was agreed to. */
export function rollback(
  desk: Desk,
  { id: request, operator }: { id: string; operator: string },
  { rotation: id, keepNewCa, digest }: Body<'rollback'>,
): Promise<Outcome> {
  const begun = desk.rotations.get(id)?.turned === request;
  if (begun) return Promise.resolve(started(id, desk.parts.journal.last()));
  return desk.steer('rollback', id, (rotation) =>
    desk.alone(rotation.cluster, () =>
      desk.inFleet(rotation.cluster, async (cluster) => {
        const planned = await planWayBack(cluster, { rotation, keepNewCa }, desk.parts.ports);
        if (!planned.ok) return planned;
        const { plan, observations } = planned;
        if (plan.digest !== digest) {
          const difference = desk.difference(digest, plan);
          desk.show(plan);
          return planChanged(cluster.name, difference);
        }
        const by = { rotation: id, operator, request };
        const entry = await desk.parts.journal.append({ type: 'turned', ...by, plan, observations });
        if (!entry.ok) return refused(entry.failure);
        desk.loops.run(id);
        return started(id, entry.value.seq);
      }),
    ),
  );
}
