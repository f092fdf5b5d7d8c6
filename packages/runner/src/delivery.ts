import { type Command, type Failure, fail, type Policy } from '@etcd-rotate/protocol';
import type { Ports } from './ports.ts';

/** How often an unanswered command is sent again; the agent answers a repeated command with what it has. */
const againAfterMs = 1000;

interface Outstanding {
  command: Command;
  /** Counted from when its answer is waited for: it may have been sent ahead. */
  deadline: number | undefined;
  sentAt: number;
  /** Since when the node cannot be reached. */
  awaySince: number | undefined;
  /** Why it was not taken the last time. */
  last: Failure | undefined;
  refused: Failure | undefined;
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
    const now = this.#now();
    const known = this.#outstanding.get(command.id);
    const outstanding: Outstanding = known ?? {
      command,
      deadline: undefined,
      sentAt: now,
      awaySince: undefined,
      last: undefined,
      refused: undefined,
    };
    outstanding.sentAt = now;
    this.#outstanding.set(command.id, outstanding);
    void this.#deliver(outstanding);
  }

  /**
   * Sends again what is due; a command that was sent before a crash is sent at once.
   *
   * @returns how many milliseconds to wait for an answer until the next one is due
   */
  keepSending(commands: readonly Command[]): number {
    const now = this.#now();
    let next = againAfterMs;
    for (const command of commands) {
      const sentAt = this.#outstanding.get(command.id)?.sentAt;
      const due = sentAt === undefined ? 0 : sentAt + againAfterMs - now;
      if (due <= 0) this.send(command);
      else next = Math.min(next, due);
      const outstanding = this.#outstanding.get(command.id);
      if (outstanding) outstanding.deadline ??= now + this.#policy.stepTimeout + this.#policy.patience;
    }
    return next;
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
      if (one.awaySince !== undefined && now - one.awaySince > this.#policy.patience) {
        const seconds = Math.round((now - one.awaySince) / 1000);
        // An agent that answers and does not take it says why.
        if (one.last && one.last.code !== 'node-away') {
          return { ...one.last, message: `${node}, for ${seconds} s now: ${one.last.message}` };
        }
        return fail(
          'node-away',
          `${node} does not answer for ${seconds} s; ${step} waits for it`,
          `see that etcd-rotate-agent runs on ${node} and reaches NATS, then \`rotate resume\``,
        ).failure;
      }
      if (one.deadline !== undefined && now > one.deadline) {
        return fail(
          'timed-out',
          `${step} on ${node} gave no result within ${Math.round((this.#policy.stepTimeout + this.#policy.patience) / 1000)} s`,
          `look at the log of the agent on ${node}, then \`rotate resume\``,
        ).failure;
      }
    }
    return undefined;
  }

  async #deliver(outstanding: Outstanding): Promise<void> {
    const { command } = outstanding;
    const now = this.#ports.clock.now();
    // The id and the body are what makes a command the same; time and epoch are those of this delivery.
    const sent = await this.#send({
      ...command,
      epoch: this.#ports.epoch(),
      issuedAt: now.toISOString(),
      expiresAt: new Date(now.getTime() + this.#policy.stepTimeout).toISOString(),
    });
    if (sent.ok) outstanding.awaySince = undefined;
    else if (sent.failure.retryable) outstanding.awaySince ??= this.#now();
    else outstanding.refused = sent.failure;
    outstanding.last = sent.ok ? undefined : sent.failure;
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
