import { type Command, type Failure, fail, type Policy } from '@etcd-rotate/protocol';
import { backOff } from './back-off.ts';
import type { Ports } from './ports.ts';

/**
 * How often a command that its node has taken is sent again until it is answered: an agent that was restarted meanwhile
 * has forgotten that it took it, and one that has its answer already gives it again.
 */
const againAfterMs = 1000;

interface Outstanding {
  command: Command;
  /** Counted from when its answer is waited for: it may have been sent ahead. */
  deadline: number | undefined;
  dueAt: number;
  /** How often it was sent. */
  sendings: number;
  /** The latest sending of which it is known what came of it. */
  known: number;
  away: Away | undefined;
  refused: Failure | undefined;
}

/** A node that does not take a command. */
interface Away {
  since: number;
  /** How often it did not take it since then. */
  times: number;
  /** What was said the last time. */
  last: Failure;
}

/** Brings commands to their nodes: sends again until there is an answer, and knows when to give up. */
export class Delivery {
  readonly #ports: Pick<Ports, 'agents' | 'clock' | 'epoch'>;
  readonly #policy: Policy;
  readonly #outstanding = new Map<string, Outstanding>();

  constructor(ports: Pick<Ports, 'agents' | 'clock' | 'epoch'>, policy: Policy) {
    this.#ports = ports;
    this.#policy = policy;
  }

  send(command: Command): void {
    const outstanding: Outstanding = this.#outstanding.get(command.id) ?? {
      command,
      deadline: undefined,
      dueAt: 0,
      sendings: 0,
      known: 0,
      away: undefined,
      refused: undefined,
    };
    outstanding.dueAt = this.#now() + Math.max(againAfterMs, backOff(outstanding.away?.times ?? 0));
    outstanding.sendings += 1;
    this.#outstanding.set(command.id, outstanding);
    void this.#deliver(outstanding, outstanding.sendings);
  }

  /**
   * Sends again what is due; a command that was sent before a crash is sent at once.
   *
   * @returns how many milliseconds to wait for an answer until there is something to do again
   */
  keepSending(commands: readonly Command[]): number {
    const now = this.#now();
    for (const command of commands) {
      const dueAt = this.#outstanding.get(command.id)?.dueAt ?? now;
      if (dueAt <= now) this.send(command);
    }
    const ends = commands.flatMap(({ id }) => {
      const one = this.#outstanding.get(id);
      if (!one) return [];
      one.deadline ??= now + this.#policy.stepTimeout + this.#policy.patience;
      const patience = one.away ? [one.away.since + this.#policy.patience + 1] : [];
      // What comes of a sending decides when the next one is due.
      const unknown = one.known < one.sendings ? [now + backOff(0)] : [];
      return [one.dueAt, one.deadline + 1, ...patience, ...unknown];
    });
    return Math.max(1, Math.min(now + againAfterMs, ...ends) - now);
  }

  answered(id: string): void {
    this.#outstanding.delete(id);
  }

  /** Why one of these commands will not be answered any more, or nothing while there is hope. */
  givenUp(commands: readonly Command[]): Failure | undefined {
    const now = this.#now();
    for (const { id } of commands) {
      const one = this.#outstanding.get(id);
      if (!one) continue;
      if (one.refused) return one.refused;
      const { node, step } = one.command;
      if (one.away && now - one.away.since > this.#policy.patience) return gaveUp(one.command, one.away, now);
      if (one.deadline !== undefined && now > one.deadline) {
        const seconds = Math.round((this.#policy.stepTimeout + this.#policy.patience) / 1000);
        return fail(
          'timed-out',
          `${step} on ${node} gave no result within ${seconds} s (sent ${often(one.sendings)})`,
          `look at the log of the agent on ${node}, then \`rotate resume\``,
        ).failure;
      }
    }
    return undefined;
  }

  async #deliver(outstanding: Outstanding, sending: number): Promise<void> {
    const { command } = outstanding;
    const now = this.#ports.clock.now();
    // The id and the body are what makes a command the same; time and epoch are those of this delivery.
    const sent = await this.#send({
      ...command,
      epoch: this.#ports.epoch(),
      issuedAt: now.toISOString(),
      expiresAt: new Date(now.getTime() + this.#policy.stepTimeout).toISOString(),
    });
    // A request that ran into its time limit says nothing of a node that has taken a later one.
    if (sending < outstanding.known) return;
    outstanding.known = sending;
    if (sent.ok) outstanding.away = undefined;
    else if (sent.failure.retryable) {
      const { since = this.#now(), times = 0 } = outstanding.away ?? {};
      outstanding.away = { since, times: times + 1, last: sent.failure };
      // One that was overtaken has said when the next is due.
      if (sending === outstanding.sendings) outstanding.dueAt = now.getTime() + backOff(times);
    } else outstanding.refused = sent.failure;
  }

  /** A throw is a bug of ours, and must not end the coordinator. */
  async #send(command: Command): ReturnType<Ports['agents']['send']> {
    try {
      return await this.#ports.agents.send(command);
    } catch (error) {
      return fail('internal', `${command.step} could not be sent: ${String(error)}`, 'please report this');
    }
  }

  #now(): number {
    return this.#ports.clock.now().getTime();
  }
}

function gaveUp({ node, step }: Command, { since, times, last }: Away, now: number): Failure {
  const seconds = Math.round((now - since) / 1000);
  const howLong = `for ${seconds} s, since ${new Date(since).toISOString()}, asked ${often(times)}`;
  // An agent that answers and does not take it says why.
  if (last.code !== 'node-away') {
    return { ...last, message: `${node}, ${howLong}: ${last.message}` };
  }
  return fail(
    'node-away',
    `${node} does not answer (${howLong}); ${step} waits for it`,
    `see that etcd-rotate-agent runs on ${node} and reaches NATS, then \`rotate resume\``,
  ).failure;
}

function often(count: number): string {
  return count === 1 ? 'once' : `${count} times`;
}
