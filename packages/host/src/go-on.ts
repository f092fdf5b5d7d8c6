import { type Command, type Failure, fail } from '@etcd-rotate/protocol';
import { conclude, liesThere, obey } from './carry-out.ts';
import { isInstalled } from './install-slots.ts';
import { holderOf, type Node } from './node.ts';
import type { Outcome } from './node-state.ts';
import { processOf } from './process-of.ts';
import { goOnPuttingBack } from './put-back.ts';
import type { Work } from './work.ts';

/**
 * Called once at a start of the agent, before it obeys anybody: ends what it was in the middle of when it was cut off.
 * Each change without an outcome is finished or undone as if it had come again, whatever became of its coordinator, of
 * NATS and of its time: it had been taken and begun, and a member that is down waits for nobody. Nothing is sent: what
 * came out is written down, and answered when the command comes again.
 *
 * @param told what came of each that had touched something; nothing is thrown
 */
export async function goOn(node: Node, told: (command: Command, outcome: Outcome) => void): Promise<void> {
  for (const command of node.state.unfinished()) {
    try {
      const outcome = await goOnWith(command, node);
      // Where that cannot be written down, the next start finds it as it is.
      if (outcome) told(command, await conclude(command, outcome, node));
    } catch (error) {
      const message = `command ${command.id} broke off: ${error instanceof Error ? error.message : String(error)}`;
      const broken = fail('internal', message, 'report it with the log of the agent');
      told(command, { ...broken, decision: 'kept' });
    }
  }
}

async function goOnWith(command: Command, node: Node): Promise<Outcome | undefined> {
  const work = workOf(command, node);
  const { before, putBack, ran } = node.state.record(command.id) ?? {};
  const lies = await liesThere(command, node);
  const isDown = work !== undefined && (await wasLeftDown(work));
  // Its files lay there before, and its restart had begun.
  const restartsOnly = before === undefined && ran !== undefined;
  if (!lies && !putBack && !isDown && !restartsOnly) {
    // It was only begun, or taken back: whoever still wants it sends it again.
    await conclude(command, { ok: false, failure: onlyBegun(command), decision: 'untouched' }, node);
    return undefined;
  }
  // Down without the files that were wanted, it is started with what lies there, and not with others.
  return work && isDown && !putBack && !lies && !(await isInstalled(work))
    ? goOnPuttingBack(work, cutOff(command))
    : obey(command, node);
}

function workOf(command: Command, node: Node): Work | undefined {
  const { body, cluster, holder: id } = command;
  const holder = holderOf(node, cluster, id);
  return holder && body.type === 'change' ? { command, body, node, holder } : undefined;
}

/** Its restart had begun and it does not run: it may be that nobody else starts it. */
async function wasLeftDown({ body, command, holder, node }: Work): Promise<boolean> {
  const ran = node.state.record(command.id)?.ran === true;
  return ran && body.taken === 'restart' && (await processOf(holder)) === undefined;
}

function cutOff({ holder }: Command): Failure {
  const message = `${holder} did not run when the agent was started, in the middle of a step`;
  return fail('restart-failed', message, 'see the log of that node, then `rotate resume`').failure;
}

function onlyBegun({ id }: Command): Failure {
  return fail('internal', `command ${id} was only begun`, 'it begins anew', true).failure;
}
