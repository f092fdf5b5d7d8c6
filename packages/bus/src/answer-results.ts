import { setTimeout as sleep } from 'node:timers/promises';
import {
  type Command,
  type CommandResult,
  type Failure,
  type Result,
  type Secret,
  subjects,
} from '@etcd-rotate/protocol';
import { readAck } from './ack.ts';
import type { Bus, Message } from './bus.ts';
import { encode } from './codec.ts';
import { theCoordinator } from './the-coordinator.ts';

export interface Answering {
  fleet: string;
  node: string;
  signingKey: Secret;
  now: () => Date;
  onUndelivered: (failure: Failure) => void;
}

/**
 * Signs results and brings them to the coordinator: tried again while the command lives, since coordinator and node come
 * back at different moments after NATS was away. One that nobody takes in time is not lost. The host has it on disk, and
 * gives it again when the command is sent again.
 */
export function answerResults(
  bus: Bus,
  options: Answering,
): {
  answer(command: Command, outcome: CommandResult['outcome']): void;
  [Symbol.asyncDispose](): Promise<void>;
} {
  const underWay = new Set<Promise<void>>();
  const stop = new AbortController();

  async function deliver(command: Command, outcome: CommandResult['outcome']): Promise<void> {
    const { id, rotation, step, holder, expiresAt } = command;
    const { fleet, node, now } = options;
    const result: CommandResult = {
      v: 1,
      id,
      fleet,
      rotation,
      step,
      node,
      holder,
      at: now().toISOString(),
      outcome,
    };
    const envelope = encode('result', result, options.signingKey);
    if (!envelope.ok) return options.onUndelivered(envelope.failure);
    const message = { ...envelope.value, from: node };
    for (let wait = soonest; ; wait = Math.min(2 * wait, slowest)) {
      const taken = await tryOnce(message);
      if (taken.ok) return;
      const again = taken.failure.retryable && now() < new Date(expiresAt) && !stop.signal.aborted;
      if (!again) return options.onUndelivered(taken.failure);
      await sleep(wait, undefined, { signal: stop.signal }).catch(() => undefined);
    }
  }

  async function tryOnce(message: Message): Promise<Result<void>> {
    const answer = await bus.request(
      subjects.result(options.fleet, options.node),
      message,
      theCoordinator(3000),
    );
    return answer.ok ? readAck(answer.value) : answer;
  }

  return {
    answer(command, outcome) {
      const delivered = deliver(command, outcome);
      underWay.add(delivered);
      void delivered.finally(() => underWay.delete(delivered));
    },
    async [Symbol.asyncDispose]() {
      stop.abort();
      await Promise.allSettled(underWay);
    },
  };
}

const soonest = 100;
const slowest = 2000;
