import { type Failure, fail, ok, type Proof, type Result, unproven } from '@etcd-rotate/protocol';
import { handOver } from './hand-over.ts';
import { type Installed, installSlots, isInstalled, restoreSlots } from './install-slots.ts';
import type { Moment } from './moment.ts';
import type { Outcome } from './node-state.ts';
import { clientNotFound, processOf } from './process-of.ts';
import { asSeen, isSame, type Process } from './processes.ts';
import { canaryLost, lookBefore } from './prove-before.ts';
import { proveChange } from './prove-change.ts';
import { proveSwapped, shownWithinMs } from './prove-swapped.ts';
import { goOnPuttingBack, putBack } from './put-back.ts';
import { mayStop, maySwap } from './quorum.ts';
import { faultOf } from './restart/driver-of.ts';
import { startedSinceAll, waitForNewProcess, waitUntilServing } from './serving.ts';
import { noteReload, takeUp } from './take-up.ts';
import type { Work } from './work.ts';

/**
 * The heart of the agent: new contents for slots of one holder, taken up by it, then proven.
 *
 *   looked at before, lead handed over, files installed, may it stop? → restart → it serves → looked at after
 *
 * Leaves that a member takes up by itself are seen as soon as they are written: whether the others can spare it is asked
 * before, and its ports are looked at first.
 *
 * Every line can be interrupted: the next delivery of the same command looks first and goes on where it is. A fault of
 * the holder itself puts the files of before back; whatever else is wrong is answered and kept.
 */
export async function change(work: Work): Promise<Outcome> {
  const { body, command, holder, node } = work;
  const decided = node.state.record(command.id)?.putBack;
  // Decided before a crash, it is finished: beginning anew would bring back what the holder did not bear.
  if (decided) return goOnPuttingBack(work, decided);
  const lap = stopwatch();
  const process = await processOf(holder);
  const ran = node.state.record(command.id)?.ran ?? process !== undefined;
  if (holder.kind === 'client' && !ran) return backOut(work, clientNotFound(holder), 'untouched');
  const lost = canaryLost(work);
  // Nothing could be proven: unless a process has begun to read the new files, the step begins anew.
  if (lost && !(await isUnderWay(work, process))) return backOut(work, lost, 'untouched');

  const due = await isDue(work, process);
  const restarts = due && body.taken === 'restart';
  const spareable = due && body.taken === 'by-itself' ? await maySwap(work) : ok(undefined);
  if (!spareable.ok) return backOut(work, spareable.failure, 'untouched');
  // Together, since nobody reads a bundle before the restart, and a new leaf is trusted by all before it is sent here.
  const [before, handed, installed, others] = await Promise.all([
    lookBefore(work, { process, due }),
    restarts ? handOver(work) : ok(false),
    installSlots(work, ran),
    restarts ? mayStop(work) : ok(undefined),
  ]);
  if (!before.ok) return backOut(work, before.failure, 'untouched');
  const hint = 'look at the log of that member, then `rotate resume`';
  const uncontrolled = unproven(holder.holder, before.value.proofs, hint);
  if (uncontrolled) return backOut(work, uncontrolled, 'untouched');
  if (!handed.ok) return backOut(work, handed.failure, 'untouched');
  if (!installed.ok) return backOut(work, installed.failure, 'untouched');
  // Handing over takes a while: then whether it may stop is asked once more, at the last moment.
  const spared = handed.value ? await mayStop(work) : others;
  if (!spared.ok) return backOut(work, spared.failure, 'restored');
  // Where files lay there already, nothing tells yet that a restart was begun: whoever finds the holder down looks for it.
  const noted = restarts ? await noteRestart(work, ran) : ok(undefined);
  if (!noted.ok) return backOut(work, noted.failure, 'restored');
  const beforeMs = lap();

  const taken = await take(work, restarts);
  const until = performance.now() + body.startTimeoutMs;
  const started = restarts ? await began(work, { installed: installed.value, taken, until }) : taken;
  if (!started.ok) {
    const unread = restarts && isSame(process, await processOf(holder));
    return unread ? backOut(work, started.failure, 'restored') : putBack(work, started.failure);
  }
  const restartMs = lap();

  const shown = await proveSwapped(work);
  // Nobody has counted on a leaf that was never shown, and no restart is needed to have the old one back.
  const notShown = unproven(holder.holder, shown.filter(isDisproven), shownHint);
  if (notShown) return putBack(work, notShown, { isOwn: true });
  // A port that says nothing lets nobody in, perhaps: a member that was not restarted serves soon or not at all.
  const isClear = shown.every(({ verdict }) => verdict === 'proven');
  const patience = isClear ? until : Math.min(until, performance.now() + shownWithinMs);
  const serving = holder.kind === 'member' ? await waitUntilServing(work, holder, patience) : ok(undefined);
  if (!serving.ok) return putBack(work, serving.failure);
  const serveMs = lap();

  const changed = await proveChange(work, { before: before.value, installed: installed.value });
  const proofs: Proof[] = [...changed, ...shown];
  // Whatever its command said: with connections from before, nobody knows what it has read.
  const hasReloaded = body.taken === 'reload' && !changed.some(isDisproven);
  if (hasReloaded && taken.ok && taken.value) await noteReload(work, taken.value);
  const failure = unproven(holder.holder, proofs, keptHint) ?? lost;
  // A client is asked for no read: that it cannot live with its files is seen from behind.
  const died = failure && restarts && holder.kind === 'client' ? await faultOf(holder) : undefined;
  if (died) return putBack(work, died);
  if (failure) return { ok: false, failure, decision: 'kept', proofs };
  const now = await processOf(holder);
  // Where an earlier delivery came as far as the restart, it is counted all the same, and once.
  const hasBegun = node.state.record(command.id)?.ran !== undefined;
  return {
    ok: true,
    value: {
      type: 'changed',
      slots: installed.value.fingerprints,
      ...(now ? { process: asSeen(now) } : {}),
      restarted: restarts || (body.taken === 'restart' && hasBegun),
      leaderMoved: handed.value,
      proofs,
      took: { before: beforeMs, restart: restartMs, serve: serveMs, prove: lap() },
    },
  };
}

const keptHint =
  'the holder serves, so the new files were kept; put right what is said, then `rotate resume` looks again';

const shownHint = 'look at the log of etcd on that node, then `rotate resume`';

function isDisproven({ verdict }: Proof): boolean {
  return verdict === 'disproven';
}

/** Whether files are to be installed, or lie there and the running process has not read them. */
async function isDue(work: Work, process: Process | undefined): Promise<boolean> {
  const installed = await isInstalled(work);
  if (!installed) return true;
  return work.body.taken === 'restart' && !(await startedSinceAll(process, installed.since));
}

/** The files of this command lie there, and its restart has begun: the process is a new one, or none at all. */
async function isUnderWay({ command, ...work }: Work, process: Process | undefined): Promise<boolean> {
  const hasBegun = work.node.state.record(command.id)?.ran !== undefined;
  const installed = await isInstalled({ command, ...work });
  if (!installed) return false;
  const isNew = await startedSinceAll(process, installed.since);
  return isNew || (hasBegun && process === undefined);
}

async function noteRestart({ command, node }: Work, ran: boolean): Promise<Result<void>> {
  const record = node.state.record(command.id);
  if (!record || record.ran !== undefined) return ok(undefined);
  try {
    await node.state.write(command.id, { ...record, ran });
    return ok(undefined);
  } catch (error) {
    const { folder } = node.state;
    return fail('bad-file', `${folder} cannot be written: ${String(error)}`, 'check the disk', true);
  }
}

async function take({ body, holder }: Work, restarts: boolean): Promise<Result<Moment | undefined>> {
  return restarts || body.taken === 'reload' ? takeUp(holder) : ok(undefined);
}

interface Taken {
  installed: Installed;
  taken: Result<Moment | undefined>;
  until: number;
}

/** A new process has read the files. Whether the command that should start it came back well is not what counts. */
async function began({ holder }: Work, { installed, taken, until }: Taken): Promise<Result<void>> {
  // A command that failed has nothing more under way that would be worth to wait for.
  const { isNew, process, fault } = await waitForNewProcess(holder, installed.since, taken.ok ? until : 0);
  if (isNew) return ok(undefined);
  if (!taken.ok) return taken;
  if (fault) return { ok: false, failure: fault };
  return fail(
    'restart-failed',
    process
      ? `${holder.holder} was not restarted: process ${process.pid} runs since ${process.startedAt}`
      : `${holder.holder} does not run after its restart`,
    'restart it by hand on the node; correct `restart` in the agent file',
  );
}

/**
 * Ends a step of which no process has read anything: what it put there is taken away again. Where the files that are
 * wanted lay there before, they stay, and the answer says so.
 */
async function backOut(work: Work, failure: Failure, word: 'untouched' | 'restored'): Promise<Outcome> {
  const restored = await restoreSlots(work, { unread: true });
  if (!restored.ok) {
    const message = `${failure.message}; and the files of before could not be put back: ${restored.failure.message}`;
    return { ok: false, failure: { ...failure, message }, decision: 'kept' };
  }
  const { state } = work.node;
  const record = state.record(work.command.id);
  // Whatever comes under this id later has replaced nothing so far. Where that cannot be written, what lies there tells.
  if (restored.value && record) {
    await state.write(work.command.id, { contents: record.contents }).catch(() => undefined);
  }
  const lieThere = word === 'restored' && !restored.value && (await isInstalled(work));
  return { ok: false, failure, decision: lieThere ? 'kept' : word };
}

/** Milliseconds since the last lap. */
function stopwatch(): () => number {
  let last = performance.now();
  return () => {
    const now = performance.now();
    const took = Math.round(now - last);
    last = now;
    return took;
  };
}
