import { type Failure, ok, type Result } from '@etcd-rotate/protocol';
import type { Outcome } from './carry-out.ts';
import type { Work } from './change.ts';
import { restoreSlots } from './install-slots.ts';
import { processOf } from './observe-node.ts';
import { majorityOf, othersServingThrough } from './quorum.ts';
import { waitUntilServing } from './serving.ts';
import { takeUp } from './take-up.ts';

/**
 * After a change that its holder does not bear: puts the files of before back and restarts it, with or without NATS. But
 * only for a fault of the holder itself: where others are down too, a restart more would help nobody. What is decided is
 * on disk before it is answered, and decided once.
 */
export async function putBack(work: Work, failure: Failure): Promise<Outcome> {
  const own = await isOwnFault(work);
  if (!own) return { ok: false, failure: { ...failure, message: `${failure.message}; ${othersAreDown}` }, decision: 'kept' };
  const restored = await restoreSlots(work);
  if (!restored.ok) {
    const message = `${failure.message}; and the files of before could not be put back: ${restored.failure.message}`;
    return { ok: false, failure: { ...failure, message }, decision: 'kept' };
  }
  const taken = await takeUp(work.holder);
  const serving = await servesAgain(work);
  const after = serving.ok ? 'and it serves with them' : `and it does not serve with them either: ${serving.failure.message}`;
  const command = taken.ok ? '' : ` (${taken.failure.message})`;
  const message = `${failure.message}; the files of before were put back${command}, ${after}`;
  return { ok: false, failure: { ...failure, message }, decision: 'restored' };
}

const othersAreDown = 'other members do not serve either, so nothing was put back';

async function servesAgain(work: Work): Promise<Result<void>> {
  return work.holder.kind === 'member' ? waitUntilServing(work, work.holder) : ok(undefined);
}

/** It does not run at all, or it does not serve while a majority does. */
async function isOwnFault({ body, command, node, holder }: Work): Promise<boolean> {
  if (holder.kind !== 'member' || !(await processOf(holder))) return true;
  const voters = body.prove.members.length;
  if (voters === 1) return true;
  const serving = await othersServingThrough(node, command.cluster, body.prove.members);
  return serving >= majorityOf(voters);
}
