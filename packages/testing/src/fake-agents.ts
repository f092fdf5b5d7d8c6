import type { Command, CommandResult, NodeObservation, Result } from '@etcd-rotate/protocol';
import { fail, ok } from '@etcd-rotate/protocol';
import type { PlanningPorts, Ports, ResultQueue } from '@etcd-rotate/runner';
import { Agent } from './agent.ts';
import type { Cluster } from './cluster.ts';
import { resultOf } from './play.ts';

type AgentsPort = Ports['agents'] & PlanningPorts['agents'];

/**
 * The agents of a cluster behind a network that can be cut: a command is taken, obeyed when its time has come, and
 * answered to whoever listens then. Time is the cluster's clock, and it passes only while results are waited for.
 */
export class FakeAgents implements AgentsPort {
  readonly #cluster: Cluster;
  readonly #agents: Map<string, Agent>;
  readonly #queues = new Map<string, CommandResult[]>();
  readonly #away = new Set<string>();
  readonly #takes = new Map<string, number>();
  readonly #underWay = new Map<string, Command>();
  readonly #refusals = new Map<string, ReturnType<typeof fail>>();
  #copies = 1;

  constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#agents = new Map(cluster.nodes.map((node) => [node, new Agent(cluster, node)]));
  }

  /** Nothing reaches the node and nothing comes from it; what it has begun it finishes. */
  cutOff(node: string): void {
    this.#away.add(node);
  }

  reconnect(node: string): void {
    this.#away.delete(node);
  }

  /** How long a node takes over each command. */
  slow(node: string, ms: number): void {
    this.#takes.set(node, ms);
  }

  /** Every result is delivered that often. */
  deliverTimes(copies: number): void {
    this.#copies = copies;
  }

  /** The node takes no command, and says why. */
  refuse(node: string, refusal: ReturnType<typeof fail>): void {
    this.#refusals.set(node, refusal);
  }

  crash(node: string): void {
    this.#agents.get(node)?.crash();
  }

  loseState(node: string): void {
    this.#agents.get(node)?.loseState();
  }

  async send(command: Command): Promise<Result<void>> {
    const { id, node } = command;
    if (this.#away.has(node)) return away(node);
    const refusal = this.#refusals.get(node);
    if (refusal) return refusal;
    const again = this.#underWay.has(id);
    this.#underWay.set(id, command);
    if (!again) this.#cluster.clock.in(this.#takes.get(node) ?? 10, () => this.#obey(id));
    return ok(undefined);
  }

  async observe(command: Command): Promise<Result<NodeObservation>> {
    if (this.#away.has(command.node)) return away(command.node);
    this.#cluster.clock.pass(this.#takes.get(command.node) ?? 0);
    const keptOf = command.body.type === 'observe' ? command.body.keptOf : undefined;
    return ok(this.#cluster.observe(command.node, keptOf));
  }

  results(rotation: string): ResultQueue {
    const arrived: CommandResult[] = [];
    this.#queues.set(rotation, arrived);
    return {
      next: async (withinMs) => {
        const { clock } = this.#cluster;
        const until = new Date(clock.now().getTime() + withinMs);
        while (arrived.length === 0 && clock.step(until));
        return arrived.splice(0);
      },
      [Symbol.dispose]: () => {
        if (this.#queues.get(rotation) === arrived) this.#queues.delete(rotation);
      },
    };
  }

  #obey(id: string): void {
    const command = this.#underWay.get(id);
    const agent = command && this.#agents.get(command.node);
    if (!command || !agent) return;
    const outcome = agent.obey(command);
    this.#underWay.delete(id);
    // One that nobody takes is not lost: the agent gives it again when the command is sent again.
    if (this.#away.has(command.node)) return;
    const result = resultOf(command, outcome, this.#cluster.clock.now());
    for (let copy = 0; copy < this.#copies; copy += 1) this.#queues.get(command.rotation)?.push(result);
  }
}

function away(node: string): ReturnType<typeof fail> {
  return fail('node-away', `the agent on node ${node} does not answer`, 'see that it runs', true);
}
