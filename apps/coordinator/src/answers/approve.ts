import { mayApprove } from '@etcd-rotate/core';
import { changedSince } from './changed-since.ts';
import type { Desk } from './desk.ts';
import { type Body, type Outcome, planChanged, refused } from './refusals.ts';
import { goesOn } from './steer.ts';

/** A second operator lets a rotation go on: by the plan that he has seen, in a cluster that is as it was left. */
export function approve(
  desk: Desk,
  operator: string,
  { rotation: id, digest }: Body<'approve'>,
): Promise<Outcome> {
  return desk.steer('approve', id, async (rotation) => {
    const before = mayApprove(rotation, operator);
    if (!before.ok) return refused(before.failure);
    const { plan, cluster: name } = rotation;
    if (digest !== plan.digest) {
      return planChanged(
        id,
        `its plan has the digest ${plan.digest.slice(0, 16)}, not ${digest.slice(0, 16)}`,
      );
    }
    return desk.alone(name, () =>
      desk.inFleet(name, async (cluster) => {
        const { changed, prepareAgain } = await changedSince(desk, rotation, cluster);
        if (changed) return changed;
        const entry = { type: 'approved', rotation: id, operator, before: before.value } as const;
        return goesOn(desk, prepareAgain.length > 0 ? { ...entry, prepareAgain } : entry);
      }),
    );
  });
}
