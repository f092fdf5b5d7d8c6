import type { Agents } from '@etcd-rotate/bus';
import {
  type Command,
  type CommandResult,
  type Failure,
  fail,
  type NodeObservation,
  ok,
  type Result,
} from '@etcd-rotate/protocol';
import type { Ports, ResultQueue } from '@etcd-rotate/runner';
import { Results } from './result-queue.ts';

/** Commands out, results to whom they belong: a rotation's by its id, a look by the command's. */
export class AgentsPort {
  readonly #agents: Agents;
  readonly #queues = new Map<string, Results>();
  readonly #looks = new Map<string, { node: string; answer(result: CommandResult): void }>();

  constructor(agents: Agents) {
    this.#agents = agents;
    agents.onResult((result) => {
      const look = this.#looks.get(result.id);
      // Only the node that was asked can answer: ids can be guessed.
      if (look?.node === result.node) look.answer(result);
      else if (!look) this.#queues.get(result.rotation)?.push(result);
    });
  }

  readonly port: Ports['agents'] = {
    send: (command) => this.#agents.send(command),
    results: (rotation): ResultQueue => {
      const queue: Results = new Results(() => {
        // Only its own: a later loop of the same rotation may have one by now.
        if (this.#queues.get(rotation) === queue) this.#queues.delete(rotation);
      });
      this.#queues.set(rotation, queue);
      return queue;
    },
  };

  async observe(command: Command): Promise<Result<NodeObservation>> {
    let timer: NodeJS.Timeout | undefined;
    const answered = new Promise<CommandResult | undefined>((resolve) => {
      timer = setTimeout(resolve, lookWithinMs, undefined);
      this.#looks.set(command.id, { node: command.node, answer: resolve });
    });
    try {
      const sent = await this.#agents.send(command);
      // The node says it, by its own clock.
      if (!sent.ok) return sent.failure.code === 'too-late' ? saidBy(command.node, sent) : sent;
      const result = await answered;
      if (!result) return silent(command.node);
      const { outcome } = result;
      if (!outcome.ok) return saidBy(command.node, outcome);
      return outcome.value.type === 'observed' ? ok(outcome.value.observation) : silent(command.node);
    } finally {
      // Also where nobody could be asked: a coordinator that stops would wait for it.
      clearTimeout(timer);
      this.#looks.delete(command.id);
    }
  }
}

const lookWithinMs = 15_000;

function silent(node: string) {
  return fail(
    'node-away',
    `the agent on ${node} took the question and did not answer within ${lookWithinMs / 1000} s`,
    `look at the log of etcd-rotate-agent on ${node}`,
    true,
  );
}

/** What a node says of itself names it, or nobody knows where to look. */
function saidBy(node: string, { failure }: { failure: Failure }): { ok: false; failure: Failure } {
  return { ok: false, failure: { ...failure, message: `node ${node}: ${failure.message}` } };
}
