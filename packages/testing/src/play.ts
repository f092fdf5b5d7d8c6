import { apply, type Move, nextMove, planTowards, type Rotation, type WayBack } from '@etcd-rotate/core';
import type {
  Command,
  CommandResult,
  Entry,
  EntryBody,
  Plan,
  Result,
  RotationRequest,
} from '@etcd-rotate/protocol';
import { aRequest } from './a-request.ts';
import { FakeSigner } from './a-signer.ts';
import { Agent } from './agent.ts';
import { covers, hash, unwrap, verify } from './certificates.ts';
import type { Cluster } from './cluster.ts';

export function planFor(
  cluster: Cluster,
  request: RotationRequest = aRequest(),
  signer: FakeSigner = new FakeSigner(),
  back?: WayBack,
): Result<Plan> {
  return planTowards({
    fleet: 'lab',
    cluster: cluster.fleet,
    request,
    observations: cluster.observations(back?.rotation.id),
    held: signer.held(),
    warnings: [],
    ...(back ? { back } : {}),
    times: undefined,
    now: cluster.clock.now().toISOString(),
    verify,
    hash,
  });
}

export interface Starting {
  id?: string;
  request?: RotationRequest;
  signer?: FakeSigner;
  /** Which of the commands under way is obeyed and answered next: by its place, or the first one where there is none. */
  answers?: (underWay: readonly Command[]) => number;
}

/**
 * A rotation without the loop around it: the journal's entries, and a cluster that obeys at once. It does what the
 * runner does and waits for nothing, so that a test can stop it at any entry and go on from there.
 */
export class Play {
  readonly cluster: Cluster;
  readonly signer: FakeSigner;
  readonly entries: Entry[] = [];
  rotation: Rotation;
  readonly #agents: Map<string, Agent>;
  readonly #answers: (underWay: readonly Command[]) => number;

  constructor(
    cluster: Cluster,
    { id = 'r1', request = aRequest(), signer = new FakeSigner(), answers = () => 0 }: Starting = {},
  ) {
    this.cluster = cluster;
    this.#answers = answers;
    this.signer = signer;
    this.#agents = new Map(cluster.nodes.map((node) => [node, new Agent(cluster, node)]));
    const plan = unwrap(planFor(cluster, request, signer));
    const observations = cluster.observations();
    const started = this.#entry({
      type: 'started',
      rotation: id,
      cluster: 'main',
      operator: 'ann',
      request: `${id}.request`,
      plan,
      observations,
    });
    this.rotation = replay([started]);
  }

  agent(node: string): Agent {
    const found = this.#agents.get(node);
    if (!found) throw new Error(`the cluster has no ${node}`);
    return found;
  }

  next(): Move {
    const now = this.cluster.clock.now().toISOString();
    return nextMove(this.rotation, { now, epoch: 1, verify, covers });
  }

  /** Until it is held or finished, or `enough` says so, which is asked after each entry. */
  run(enough: (play: Play) => boolean = () => false): this {
    while (!enough(this)) {
      const body = this.#obey(this.next());
      if (!body) break;
      this.record(body);
    }
    return this;
  }

  /** @param prepareAgain nodes that have lost what they kept */
  resume(prepareAgain: readonly string[] = []): this {
    const again = prepareAgain.length > 0 ? { prepareAgain: [...prepareAgain] } : {};
    this.record({ type: 'resumed', rotation: this.rotation.id, operator: 'ann', ...again });
    return this.run();
  }

  /** The rotation goes back, by a plan from what is there now. */
  rollBack({ keepNewCa = false } = {}): this {
    return this.#turn(keepNewCa).run();
  }

  rollBackUntil(enough: (play: Play) => boolean): this {
    return this.#turn(false).run(enough);
  }

  #turn(keepNewCa: boolean): this {
    const { rotation, cluster, signer } = this;
    const plan = unwrap(planFor(cluster, aRequest(), signer, { rotation, keepNewCa }));
    const by = { operator: 'ann', request: `${rotation.id}.back` };
    this.record({
      type: 'turned',
      rotation: rotation.id,
      ...by,
      plan,
      observations: cluster.observations(rotation.id),
    });
    return this;
  }

  record(body: EntryBody): void {
    this.rotation = apply(this.rotation, this.#entry(body)) ?? this.rotation;
  }

  /** The coordinator forgets everything but its journal. */
  crash(): void {
    this.rotation = replay(this.entries);
  }

  /** The node does as it was told, and nobody is there to write down what came of it. */
  obeyUnheard(command: Command): void {
    this.agent(command.node).obey(command);
  }

  /** Commands that were sent and not answered, those of steps to come included. */
  unanswered(): Command[] {
    return Object.values(this.rotation.progress).flatMap(({ sent, results }) =>
      sent.filter(({ id }) => !results.some((result) => result.id === id)),
    );
  }

  #obey(move: Move): EntryBody | undefined {
    const rotation = this.rotation.id;
    switch (move.type) {
      case 'send':
        return { type: 'sent', rotation, step: move.command.step, command: move.command };
      case 'wait':
        return this.#answerTo(move.for);
      case 'make-ca': {
        const { role, domains } = move;
        return { type: 'ca', rotation, role, domains, ...unwrap(this.signer.makeCa({ role, rotation })) };
      }
      case 'sign': {
        const signed = this.signer.sign({ ...move, plan: this.rotation.plan });
        return signed.ok
          ? { type: 'signed', rotation, step: move.step, certificates: signed.value }
          : { type: 'held', rotation, failure: signed.failure };
      }
      case 'hold':
        return { type: 'held', rotation, failure: move.failure };
      case 'finish':
        return { type: 'finished', rotation, outcome: move.outcome };
      case 'rest':
        return undefined;
    }
  }

  #answerTo(awaited: readonly Command[]): EntryBody | undefined {
    const [first] = awaited;
    const ahead = this.unanswered().filter(({ id }) => !awaited.some((one) => one.id === id));
    const underWay = [...awaited, ...ahead];
    const command = underWay[this.#answers(underWay)] ?? first;
    if (!command) throw new Error('the rotation waits for nothing');
    const outcome = this.agent(command.node).obey(command);
    this.cluster.clock.pass(10);
    const result = resultOf(command, outcome, this.cluster.clock.now());
    return { type: 'result', rotation: command.rotation, step: command.step, result };
  }

  #entry(body: EntryBody): Entry {
    const entry: Entry = {
      v: 1,
      seq: this.entries.length + 1,
      prev: '0'.repeat(64),
      at: this.cluster.clock.now().toISOString(),
      epoch: 1,
      body,
    };
    this.entries.push(entry);
    return entry;
  }
}

/** A rotation is what its journal says. */
export function replay(entries: readonly Entry[]): Rotation {
  let rotation: Rotation | undefined;
  for (const entry of entries) rotation = apply(rotation, entry);
  if (!rotation) throw new Error('the journal has no rotation');
  return rotation;
}

export function resultOf(command: Command, outcome: CommandResult['outcome'], at: Date): CommandResult {
  const { id, fleet, rotation, step, node, holder } = command;
  return { v: 1, id, fleet, rotation, step, node, holder, at: at.toISOString(), outcome };
}
