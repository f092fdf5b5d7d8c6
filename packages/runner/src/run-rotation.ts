import { apply, approvalBefore, awaits, inFlight, nextMove, type Rotation } from '@etcd-rotate/core';
import { type Command, type CommandResult, type EntryBody, type Failure, fail } from '@etcd-rotate/protocol';
import { AskSignerAgain } from './ask-signer-again.ts';
import { Delivery } from './delivery.ts';
import type { Ports } from './ports.ts';
import { takeLead } from './take-lead.ts';

/**
 * Drives one rotation until it holds or is finished: asks what it wants next, writes that down, then does it.
 *
 * @param stop ends the loop between two moves; the journal says where to go on
 * @returns the rotation, and the failure of the journal when that could not be written any more
 */
export async function runRotation(
  start: Rotation,
  ports: Ports,
  stop: AbortSignal,
): Promise<{ rotation: Rotation; failure?: Failure }> {
  let rotation = start;
  using results = ports.agents.results(start.id);
  const delivery = new Delivery(ports, start.plan.policy);
  const signer = new AskSignerAgain(start.plan.policy);
  const catchUp = (): void => {
    for (const entry of ports.journal.entries(rotation.seq)) rotation = apply(rotation, entry) ?? rotation;
  };
  const record = async (body: EntryBody): Promise<void> => {
    const entry = await ports.journal.append(body);
    if (!entry.ok) throw new JournalFailed(entry.failure);
    catchUp();
  };
  const { id } = rotation;
  /** Only what is waited for is written down: anybody with an identity may send results. */
  const recordAwaited = async (all: readonly CommandResult[]): Promise<void> => {
    const arrived = all.filter((result) => awaits(rotation, result));
    for (const result of arrived) delivery.answered(result.id);
    // Appended at once, they share a sync and keep their order.
    await Promise.all(
      arrived.map((result) => record({ type: 'result', rotation: id, step: result.step, result })),
    );
  };
  // Not even the lead is taken at the nodes before a second operator has approved what somebody wants of them.
  const isApproved = approvalBefore([], rotation) === undefined;
  const waitFor = async (commands: readonly Command[], atMostMs: number): Promise<void> => {
    await recordAwaited(await results.next(Math.min(delivery.keepSending(commands), atMostMs)));
    const failure = delivery.givenUp(commands);
    if (failure && isUnderWay(rotation)) await record({ type: 'held', rotation: id, failure });
  };
  try {
    if (isUnderWay(rotation) && isApproved) {
      const led = await takeLead(rotation, { ports, delivery, results, stop });
      await recordAwaited(led.arrived);
      if (led.failure) await record({ type: 'held', rotation: id, failure: led.failure });
    }
    while (!stop.aborted) {
      catchUp();
      const now = ports.clock.now().toISOString();
      const { verify, covers } = ports;
      const move = nextMove(rotation, { now, epoch: ports.epoch(), verify, covers });
      switch (move.type) {
        case 'send':
          // On disk before on the wire: after a crash we may send twice, never forget that we sent.
          await record({ type: 'sent', rotation: id, step: move.command.step, command: move.command });
          delivery.send(move.command);
          break;
        case 'make-ca': {
          const made = await ports.signer.makeCa({ ...move, rotation: id, plan: rotation.plan });
          const { role, domains } = move;
          await record(
            made.ok
              ? { type: 'ca', rotation: id, role, domains, ...made.value }
              : { type: 'held', rotation: id, failure: made.failure },
          );
          break;
        }
        case 'sign': {
          const flying = commandsInFlight(rotation);
          const isChanging = flying.some(({ body }) => body.type === 'change');
          const objection = signer.objection(ports.clock.now().getTime(), isChanging);
          if (objection) {
            if ('wait' in objection) await waitFor(flying, objection.wait);
            else await record({ type: 'held', rotation: id, failure: objection.hold });
            break;
          }
          const signed = await ports.signer.sign({ ...move, rotation: id, plan: rotation.plan });
          if (!signed.ok) {
            signer.refused(signed.failure, ports.clock.now().getTime());
            break;
          }
          signer.gave();
          const certificates = signed.value;
          await record({ type: 'signed', rotation: id, step: move.step, certificates });
          break;
        }
        case 'wait':
          await waitFor(move.for, lookAgainMs);
          break;
        case 'hold':
          await record({ type: 'held', rotation: id, failure: move.failure });
          // Another loop goes on once it is approved, which takes the lead first.
          if (!isApproved) return { rotation };
          break;
        case 'finish':
          await record({ type: 'finished', rotation: id, outcome: move.outcome });
          break;
        case 'rest':
          return { rotation };
      }
    }
    return { rotation };
  } catch (error) {
    if (error instanceof JournalFailed) return { rotation, failure: error.failure };
    const message = `the loop of rotation ${id} failed: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`;
    return {
      rotation,
      failure: fail('internal', message, 'restart the coordinator: it goes on from the journal').failure,
    };
  }
}

function commandsInFlight({ progress }: Rotation): Command[] {
  return Object.values(progress).flatMap((one) => inFlight(one) ?? []);
}

function isUnderWay({ state }: Rotation): boolean {
  return state.status === 'running' || state.status === 'holding';
}

/** How soon it is seen that somebody else has written. */
const lookAgainMs = 500;

class JournalFailed extends Error {
  readonly failure: Failure;
  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}
