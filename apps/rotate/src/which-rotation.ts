import { type Failure, fail, type RotationStatus } from '@etcd-rotate/protocol';
import type { Asking } from './with-coordinator.ts';

/**
 * The rotation that was named, or the only unfinished one: which one that is, is said. Gives the failures where there is
 * none or more than one.
 */
export async function whichRotation(
  { coordinator, terminal }: Asking,
  named: string | undefined,
): Promise<{ ok: true; value: string } | { ok: false; failures: readonly Failure[] }> {
  if (named !== undefined) return { ok: true, value: named };
  const answer = await coordinator.ask('status', { type: 'status' });
  if (!answer.ok) return answer;
  const found = onlyUnfinished(answer.value.rotations);
  if (!found.ok) return { ok: false, failures: [found.failure] };
  terminal.say(
    `rotation ${found.value.rotation} of ${found.value.cluster}, the only one that is not finished`,
  );
  return { ok: true, value: found.value.rotation };
}

/** @param rotations those that the coordinator tells of */
export function onlyUnfinished(rotations: readonly RotationStatus[]) {
  const unfinished = rotations.filter(({ status }) => status !== 'finished');
  const [only, ...more] = unfinished;
  if (only && more.length === 0) return { ok: true as const, value: only };
  return only
    ? fail(
        'bad-usage',
        `which rotation? Not finished are: ${unfinished.map(({ rotation, cluster, status }) => `${rotation} of ${cluster} (${status})`).join(', ')}`,
        'name one of them',
      )
    : fail(
        'unknown-rotation',
        'there is no rotation that is not finished',
        'see those there were with: rotate status',
      );
}
