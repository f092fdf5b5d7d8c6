import {
  type Command,
  type CommandResult,
  type Failure,
  type PublicKey,
  type Secret,
  subjects,
} from '@etcd-rotate/protocol';
import { ack } from './ack.ts';
import { answerResults } from './answer-results.ts';
import type { Bus, Incoming } from './bus.ts';
import { contentsOf } from './contents-of.ts';
import { inOrder } from './in-order.ts';
import { obeySafely } from './obey-safely.ts';
import type { Refusal } from './refusal.ts';
import { type EpochStore, mayObey, takeCommand } from './take-command.ts';

export interface ServeAgentOptions {
  fleet: string;
  node: string;
  /** Of whoever may command this node now. */
  coordinatorKey: () => PublicKey;
  /** The node's, PKCS#8 PEM. */
  signingKey: Secret;
  now: () => Date;
  epoch: EpochStore;
  /** Must be safe to call again with a command that was obeyed before: it gives the recorded outcome then. */
  obey: (command: Command) => Promise<CommandResult['outcome']>;
  /** `contentsOf` the command that this node has durably recorded under an id. */
  known: (id: string) => string | undefined;
  onRefused: (refusal: Refusal) => void;
  /** What the node was in the middle of: no command that alters files or processes is obeyed before it is over. */
  goesOn?: Promise<void>;
}

export interface ServedAgent {
  /** Resolves once commands reach this node. */
  ready: ReturnType<Bus['subscribe']>['ready'];
  /** Ids of commands that were taken, alter files or processes, and are not answered yet. */
  underWay(): string[];
  /** Takes no more commands, drops those that wait, and sees the one being obeyed to its end. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** Commands that alter files or processes of the node. */
const serial: readonly Command['body']['type'][] = ['prepare', 'snapshot', 'change'];

/** The node's side: a command is checked, acknowledged, obeyed when its turn comes, and answered. */
export function serveAgent(bus: Bus, options: ServeAgentOptions): ServedAgent {
  const subject = subjects.command(options.fleet, options.node);
  /** Accepted and not answered yet, by id, as last sent. */
  const underWay = new Map<string, Command>();
  let stopped = false;
  const arrivals = inOrder();
  const work = inOrder();
  void work.run(async () => options.goesOn);
  const beside = new Set<Promise<void>>();
  const track = (task: Promise<void>): void => {
    beside.add(task);
    void task.finally(() => beside.delete(task)).catch(() => undefined);
  };
  const taker = {
    ...options,
    known: (id: string) => {
      const waiting = underWay.get(id);
      return waiting ? contentsOf(waiting) : options.known(id);
    },
  };
  const refuse = (failure: Failure, from?: string): void => options.onRefused({ failure, subject, from });
  const results = answerResults(bus, { ...options, onUndelivered: refuse });

  async function take(message: Incoming): Promise<void> {
    const taken = await takeCommand(message, taker);
    if (!taken.ok) refuse(taken.failure, message.from);
    if (taken.ok) queue(taken.value);
    await message.respond(ack(taken));
  }

  function queue(command: Command): void {
    const again = underWay.has(command.id);
    // What was sent again lives longer than what it repeats.
    underWay.set(command.id, command);
    if (again) return;
    // One change at a time, in order of arrival; what only looks or makes keys need not wait for it.
    const waits = serial.includes(command.body.type);
    if (waits) void work.run(() => obeyNext(command.id));
    else track(obeyNext(command.id));
  }

  async function obeyNext(id: string): Promise<void> {
    const command = underWay.get(id);
    const outcome = command && !stopped ? await obeyInTime(command) : undefined;
    const lastSent = underWay.get(id);
    // Before the result goes out: what arrives from now on is asked again, and gets it again.
    underWay.delete(id);
    if (lastSent && outcome) results.answer(lastSent, outcome);
  }

  async function obeyInTime(command: Command): Promise<CommandResult['outcome'] | undefined> {
    const still = mayObey(command, taker);
    if (still.ok) return obeySafely(command, options.obey, refuse);
    // Silence, not a failed result: that would have to say `untouched`, and an earlier sending may have changed files.
    refuse(still.failure);
    return undefined;
  }

  const subscription = bus.subscribe(subject, (message) => void arrivals.run(() => take(message)));
  return {
    ready: () => subscription.ready(),
    underWay: () =>
      [...underWay.values()].filter(({ body }) => serial.includes(body.type)).map(({ id }) => id),
    async [Symbol.asyncDispose]() {
      subscription[Symbol.dispose]();
      stopped = true;
      await arrivals.idle();
      await work.idle();
      await Promise.allSettled(beside);
      await results[Symbol.asyncDispose]();
    },
  };
}
