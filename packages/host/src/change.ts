import {
  type Command,
  type CommandBody,
  type Failure,
  ok,
  type ProcessSeen,
  type Proof,
  unproven,
} from '@etcd-rotate/protocol';
import type { Outcome } from './carry-out.ts';
import { handOver } from './hand-over.ts';
import type { Holder } from './holders.ts';
import { installSlots, isInstalled, restoreSlots } from './install-slots.ts';
import type { Node } from './node.ts';
import { processOf } from './observe-node.ts';
import { proveBefore } from './prove-before.ts';
import { proveChange } from './prove-change.ts';
import { putBack } from './put-back.ts';
import { mayStop } from './quorum.ts';
import { waitUntilServing } from './serving.ts';
import { takeUp } from './take-up.ts';

export type Change = Extract<CommandBody, { type: 'change' }>;

/** One change on one holder of this node. */
export interface Work {
  command: Command;
  body: Change;
  node: Node;
  holder: Holder;
}

/**
 * The heart of the agent: new contents for slots of one holder, taken up by it, then proven.
 *
 *   looked at before → hand over → files installed → may it stop? → restart → it serves → proven
 *
 * Every line can be interrupted: the next delivery of the same command looks first and goes on where it is. A fault of
 * the holder itself puts the files of before back; whatever else is wrong is answered and kept.
 */
export async function change(work: Work): Promise<Outcome> {
  const { body, holder } = work;
  const lap = stopwatch();
  const before = await proveBefore(work);
  if (!before.ok) return untouched(before.failure);

  const handed = (await mustRestart(work)) ? await handOver(work) : ok(false);
  if (!handed.ok) return untouched(handed.failure);
  const handOverMs = lap();

  const installed = await installSlots(work);
  if (!installed.ok) return untouched(installed.failure);
  const installMs = lap();

  const restarts = await mustRestart(work);
  const spared = restarts ? await mayStop(work) : ok(undefined);
  // Nobody has read the files yet: a step that does not start leaves nothing behind.
  if (!spared.ok) return { ok: false, failure: spared.failure, decision: await restoredUnread(work) };
  const taken = restarts || body.taken === 'reload' ? await takeUp(holder) : ok(undefined);
  if (!taken.ok && holder.kind !== 'member') return putBack(work, taken.failure);
  const restartMs = lap();

  const serving = holder.kind === 'member' ? await waitUntilServing(work, holder) : ok(undefined);
  if (!serving.ok) return putBack(work, taken.ok ? serving.failure : taken.failure);
  const serveMs = lap();

  const proofs: Proof[] = await proveChange(work, { before: before.value, installed: installed.value });
  const failure = unproven(holder.holder, proofs, keptHint);
  if (failure) return { ok: false, failure, decision: 'kept', proofs };
  const process = await processOf(holder);
  work.node.canaries.forget(stepKey(work.command));
  return {
    ok: true,
    value: {
      type: 'changed',
      slots: installed.value.fingerprints,
      ...(process ? { process } : {}),
      restarted: restarts,
      leaderMoved: handed.value,
      proofs,
      took: { handOver: handOverMs, install: installMs, restart: restartMs, serve: serveMs, prove: lap() },
    },
  };
}

const keptHint =
  'the holder serves, so the new files were kept; put right what is said, then `rotate resume` looks again';

/** Canaries are kept by the step that they were made for. */
export function stepKey({ rotation, step }: Command): string {
  return `${rotation} ${step}`;
}

/** Whether files are to be installed, or lie there and the running process has not read them. */
async function mustRestart(work: Work): Promise<boolean> {
  if (work.body.taken !== 'restart') return false;
  const installed = await isInstalled(work);
  if (!installed) return true;
  const process = await processOf(work.holder);
  return !startedAfter(process, installed.writtenAt);
}

export function startedAfter(process: ProcessSeen | undefined, written: Date): boolean {
  return process !== undefined && Date.parse(process.startedAt) > written.getTime();
}

async function restoredUnread(work: Work): Promise<'restored' | 'kept'> {
  const restored = await restoreSlots(work);
  return restored.ok ? 'restored' : 'kept';
}

function untouched(failure: Failure): Outcome {
  return { ok: false, failure, decision: 'untouched' };
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
