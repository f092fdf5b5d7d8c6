import { type Failure, fail, ok, type Result } from '@etcd-rotate/protocol';
import { restoreSlots, sinceOfSlots } from './install-slots.ts';
import type { Outcome } from './node-state.ts';
import { processOf } from './process-of.ts';
import { majorityOf, othersServing } from './quorum.ts';
import { startedSinceAll, waitForNewProcess, waitUntilServing } from './serving.ts';
import { takeUp } from './take-up.ts';
import type { Work } from './work.ts';

/**
 * After a change that its holder does not bear: puts the files of before back and restarts it, with or without NATS. But
 * only for a fault of the holder itself: where others are down too, a restart more would help nobody. And only what this
 * command replaced: what was kept before, everybody counts on.
 */
export async function putBack(work: Work, failure: Failure): Promise<Outcome> {
  const { command, node } = work;
  const record = node.state.record(command.id);
  if (!record?.before) return kept(failure, 'this command replaced nothing, so nothing was put back');
  if (!(await isOwnFault(work))) {
    return kept(failure, 'other members do not serve either, so nothing was put back');
  }
  // On disk before the first file moves: after a crash in the middle of it, it is finished. Where that cannot be written,
  // a member that is down is still worth more than a record of why.
  await node.state.write(command.id, { ...record, putBack: failure }).catch(() => undefined);
  return finishPutBack(work, failure);
}

/** Each part of it looks whether it is done already. */
export async function finishPutBack(work: Work, failure: Failure): Promise<Outcome> {
  const { body } = work;
  const restored = await restoreSlots(work, { unread: false });
  if (!restored.ok) {
    return kept(failure, `and the files of before could not be put back: ${restored.failure.message}`);
  }
  const ran = work.node.state.record(work.command.id)?.ran ?? true;
  const taken = await takeBack(work, ran);
  const again = await runsAgain(work, { ran, until: performance.now() + body.startTimeoutMs });
  const command = taken.ok ? '' : ` (${taken.failure.message})`;
  const after = again.ok
    ? 'and it serves with them'
    : `and it does not serve with them either: ${again.failure.message}`;
  const message = `${failure.message}; the files of before were put back${command}, ${after}`;
  return { ok: false, failure: { ...failure, message }, decision: 'restored' };
}

/** Leaves are read at the next handshake: putting them back restarts nobody who was not restarted for them. */
async function takeBack(work: Work, ran: boolean): Promise<Result<void>> {
  switch (work.body.taken) {
    case 'by-itself':
      return ok(undefined);
    case 'reload':
      return takeUp(work.holder, ran);
    case 'restart': {
      const done = await startedSinceAll(await processOf(work.holder), await sinceOfSlots(work));
      return done ? ok(undefined) : takeUp(work.holder, ran);
    }
  }
}

async function runsAgain(work: Work, { ran, until }: { ran: boolean; until: number }): Promise<Result<void>> {
  const { holder, body } = work;
  if (body.taken === 'restart' && ran) await waitForNewProcess(holder, await sinceOfSlots(work), until);
  if (holder.kind === 'member') return waitUntilServing(work, holder, until);
  if (!ran || holder.kind === 'agent' || (await processOf(holder))) return ok(undefined);
  return fail('process-not-found', `${holder.holder} does not run`, 'start it by hand');
}

function kept(failure: Failure, why: string): Outcome {
  return { ok: false, failure: { ...failure, message: `${failure.message}; ${why}` }, decision: 'kept' };
}

/** It does not run at all, or it does not serve while a majority does. */
async function isOwnFault({ body, command, node, holder }: Work): Promise<boolean> {
  if (holder.kind !== 'member' || !(await processOf(holder))) return true;
  const voters = body.members.length;
  if (voters === 1) return true;
  const others = await othersServing(node, command.cluster, body.members);
  return others.ok && others.value.serving >= majorityOf(voters);
}
