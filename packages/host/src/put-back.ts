import { type Failure, fail, ok, type Result } from '@etcd-rotate/protocol';
import { isInstalled, restoreSlots, sinceOfSlots } from './install-slots.ts';
import type { Outcome } from './node-state.ts';
import { isGone, processOf } from './process-of.ts';
import { majorityOf, mayStop, othersServing } from './quorum.ts';
import { isNobodysPeer, refusesClients } from './refused-over-tls.ts';
import { faultOf } from './restart/driver-of.ts';
import { servesNow, startedSinceAll, waitForNewProcess, waitUntilServing } from './serving.ts';
import { noteReload, takeUp } from './take-up.ts';
import type { Work } from './work.ts';

/**
 * After a change that its holder does not bear: puts the files of before back and restarts it, with or without NATS. But
 * only for a fault of the holder itself: where others are down too, a restart more would help nobody. And only what this
 * command replaced: what was kept before, everybody counts on.
 *
 * @param how whether the fault is known to be its own: its ports say so
 */
export async function putBack(work: Work, failure: Failure, { isOwn = false } = {}): Promise<Outcome> {
  const { command, node } = work;
  const record = node.state.record(command.id);
  if (!record?.before) return kept(failure, 'this command replaced nothing, so nothing was put back');
  if (!isOwn && !(await isOwnFault(work))) {
    return kept(failure, 'other members do not serve either, so nothing was put back');
  }
  // On disk before the first file moves: after a crash in the middle of it, it is finished. Where that cannot be written,
  // a member that is down is still worth more than a record of why.
  await node.state.write(command.id, { ...record, putBack: failure }).catch(() => undefined);
  return finishPutBack(work, failure);
}

/** Goes on with what was decided before a crash, unless the member has come to health on its own meanwhile. */
export async function goOnPuttingBack(work: Work, failure: Failure): Promise<Outcome> {
  const { holder } = work;
  // To put back leaves that were swapped stops nobody.
  const mayKeep = holder.kind === 'member' && work.body.taken === 'restart';
  const installed = mayKeep ? await isInstalled(work) : undefined;
  if (mayKeep && installed) {
    const hasRead = await startedSinceAll(await processOf(holder), installed.since);
    if (hasRead && (await servesNow(work, holder))) return kept(failure, 'it serves by now');
  }
  return finishPutBack(work, failure);
}

/** Each part of it looks whether it is done already. */
async function finishPutBack(work: Work, failure: Failure): Promise<Outcome> {
  const { body } = work;
  const stop = await mayStopAgain(work);
  if (!stop.ok) return kept(failure, `it runs, and ${stop.failure.message}`);
  const restored = await restoreSlots(work, { unread: false });
  if (!restored.ok) {
    return kept(failure, `and the files of before could not be put back: ${restored.failure.message}`);
  }
  const ran = work.node.state.record(work.command.id)?.ran ?? true;
  const taken = await takeBack(work);
  const again = await runsAgain(work, { ran, until: performance.now() + body.startTimeoutMs });
  const command = taken.ok ? '' : ` (${taken.failure.message})`;
  const after = again.ok
    ? 'and it serves with them'
    : `and it does not serve with them either: ${again.failure.message}`;
  const message = `${failure.message}; the files of before were put back${command}, ${after}`;
  return { ok: false, failure: { ...failure, message }, decision: 'restored' };
}

/** Asked anew: since it was decided the member may have come up, and another may have gone down. */
async function mayStopAgain(work: Work): Promise<Result<void>> {
  // The only member does not serve: to stop it takes nothing from anybody, whether an outage was accepted or not.
  if (work.body.taken !== 'restart' || work.body.members.length === 1) return ok(undefined);
  const isBack = !(await isInstalled(work)) && (await hasTakenBack(work));
  if (isBack) return ok(undefined);
  const stop = await mayStop(work);
  // Of one that nobody takes as a peer, or that keeps dying, nobody counts on the vote: to stop it takes no majority away, and
  // may bring one back.
  const isSpared = stop.ok || (await isNobodysPeer(work)) || (await keepsDying(work));
  return isSpared ? ok(undefined) : stop;
}

async function hasTakenBack(work: Work): Promise<boolean> {
  return startedSinceAll(await processOf(work.holder), await sinceOfSlots(work));
}

/** Leaves are read at the next handshake: putting them back restarts nobody who was not restarted for them. */
async function takeBack(work: Work): Promise<Result<void>> {
  switch (work.body.taken) {
    case 'by-itself':
      return ok(undefined);
    case 'reload': {
      const taken = await takeUp(work.holder);
      if (!taken.ok) return taken;
      await noteReload(work, taken.value);
      return ok(undefined);
    }
    case 'restart': {
      const taken = (await hasTakenBack(work)) ? ok(undefined) : await takeUp(work.holder);
      return taken.ok ? ok(undefined) : taken;
    }
  }
}

async function runsAgain(work: Work, { ran, until }: { ran: boolean; until: number }): Promise<Result<void>> {
  const { holder, body } = work;
  const isAwaited = body.taken === 'restart' && ran;
  const awaited = isAwaited ? await waitForNewProcess(holder, await sinceOfSlots(work), until) : undefined;
  if (awaited?.fault) return { ok: false, failure: awaited.fault };
  if (holder.kind === 'member') return waitUntilServing(work, holder, until);
  if (!ran || holder.kind === 'agent' || (await processOf(holder))) return ok(undefined);
  return fail('process-not-found', `${holder.holder} does not run`, 'start it by hand');
}

function kept(failure: Failure, why: string): Outcome {
  return { ok: false, failure: { ...failure, message: `${failure.message}; ${why}` }, decision: 'kept' };
}

/** Between two of its starts it looks as if it ran. */
async function keepsDying({ body, holder }: Work): Promise<boolean> {
  return body.taken === 'restart' && (await faultOf(holder)) !== undefined;
}

/** It does not run at all or keeps dying, it does not serve while a majority does, or TLS says that its new files are what is refused. */
async function isOwnFault(work: Work): Promise<boolean> {
  const { body, command, node, holder } = work;
  if (holder.kind !== 'member' || (await isGone(holder))) return true;
  if (await keepsDying(work)) return true;
  const voters = body.members.length;
  if (voters === 1) return true;
  const others = await othersServing(node, command.cluster, body.members);
  if (others.ok && others.value.serving >= majorityOf(voters)) return true;
  return (await refusesClients(work)) || isNobodysPeer(work);
}
