import type { Failure, NodeObservation } from '@etcd-rotate/protocol';
import { fail } from '@etcd-rotate/protocol';
import { currentGroup } from '../groups.ts';
import { isBegun, type Rotation } from '../rotation.ts';

/**
 * Members that do not run, and not because of a step that was broken off: somebody has stopped them, and a step that comes
 * to them would start them again without a word.
 */
export function stoppedWhileHeld(rotation: Rotation, observations: readonly NodeObservation[]): Failure[] {
  const ours = currentGroup(rotation).flatMap(({ id, holder }) => {
    const progress = rotation.progress[id];
    return progress && isBegun(progress) ? [holder] : [];
  });
  return observations.flatMap(({ node, holders }) =>
    holders
      .filter(({ holder, process }) => holder.startsWith('member/') && !process && !ours.includes(holder))
      .map(
        ({ holder }) =>
          fail(
            'member-unhealthy',
            `${holder} does not run on ${node}, and no step of the rotation has stopped it`,
            'start it when whoever stopped it is done with it, then `rotate resume`',
          ).failure,
      ),
  );
}
