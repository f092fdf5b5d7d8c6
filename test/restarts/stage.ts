import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Rotation } from '@etcd-rotate/core';
import type { Command, Failure } from '@etcd-rotate/protocol';
import type { Agent, Cluster, Play } from '@etcd-rotate/testing';
import { type Moment, type Running, startAgent } from './agent-process.ts';
import { startCoordinator } from './coordinator-process.ts';
import type { Nats } from './nats.ts';
import { commandPoint, entryPoint, type Point } from './points.ts';
import { timeOf } from './time.ts';

/** What is killed when a point is reached for the first time. */
export interface Fault {
  at: Point;
  /** `coordinator`, `nats`, or a node. */
  kill: readonly string[];
  /** nats-server is started again there; all others at once. */
  until?: Point | undefined;
}

export interface End {
  rotation: Rotation;
  failure?: Failure;
  cluster: Cluster;
  /** Points that were reached, in order, each once. */
  reached: Point[];
  fired: Fault[];
  /** What must never be so, and was. */
  wrong: string[];
}

export interface Staged {
  /** Empty, and its own. */
  folder: string;
  nats: Nats;
  /** How far the rotation is already, with its cluster and its nodes. */
  begun: Play;
  faults: readonly Fault[];
}

/** Longer than any run takes, so that one that hangs says so. */
const atMostMs = 120_000;

/** A rotation from its start to its end, with every process of ours in it killed where the faults say. */
export async function play(staged: Staged): Promise<End> {
  const stage = new Stage(staged);
  return stage.run();
}

class Stage {
  readonly #staged: Staged;
  readonly #now: () => Date;
  readonly #hands: ReadonlyMap<string, Agent>;
  readonly #running = new Map<string, Running>();
  readonly #restarts: Promise<void>[] = [];
  readonly #reached = new Set<Point>();
  readonly #fired: Fault[] = [];
  readonly #wrong: string[] = [];
  #natsDown: Promise<void> | undefined;
  #ended: (end: { rotation: Rotation; failure?: Failure }) => void = () => {};
  #broke: (error: unknown) => void = () => {};

  constructor(staged: Staged) {
    this.#staged = staged;
    const { begun } = staged;
    this.#now = timeOf(begun.cluster);
    this.#hands = new Map(begun.cluster.nodes.map((node) => [node, begun.agent(node)]));
  }

  async run(): Promise<End> {
    const { cluster } = this.#staged.begun;
    const ended = new Promise<{ rotation: Rotation; failure?: Failure }>((resolve, reject) => {
      this.#ended = resolve;
      this.#broke = reject;
    });
    let timer: NodeJS.Timeout | undefined;
    const tooLong = new Promise<never>((_, reject) => {
      timer = setTimeout(
        () => reject(new Error(`not at its end in ${atMostMs} ms; ${this.#where()}`)),
        atMostMs,
      );
    });
    try {
      for (const node of cluster.nodes) await this.#start(node);
      await this.#start('coordinator');
      const end = await Promise.race([ended, tooLong]);
      await Promise.all(this.#restarts);
      return { ...end, cluster, reached: [...this.#reached], fired: this.#fired, wrong: this.#wrong };
    } finally {
      clearTimeout(timer);
      this.#natsUp();
      await Promise.allSettled(this.#restarts);
      await Promise.all([...this.#running.values()].map((one) => one.kill()));
    }
  }

  #where(): string {
    return `last reached: ${[...this.#reached].slice(-5).join('; ')}; fired: ${this.#fired.map(({ at, kill }) => `${kill} at ${at}`).join('; ')}`;
  }

  async #start(who: string): Promise<void> {
    const { folder, nats, begun } = this.#staged;
    const own = join(folder, who);
    mkdirSync(own, { recursive: true });
    const hands = this.#hands.get(who);
    const now = this.#now;
    this.#running.set(
      who,
      hands
        ? await startAgent({ node: who, folder: own, hands, nats, now, reach: this.#obeys })
        : await startCoordinator({
            ...{ folder: own, nats, now, signer: begun.signer },
            begun: begun.entries.map(({ body }) => body),
            reach: (body, side) => this.#reach(entryPoint(body, side)),
            onEnd: (end) => this.#ended(end),
          }),
    );
  }

  readonly #obeys = (command: Command, moment: Moment): void => {
    this.#reach(commandPoint(command, moment));
    this.#look(command, moment);
  };

  /** Nobody refuses anybody, whatever a change has come to. */
  #look(command: Command, moment: Moment): void {
    if (command.body.type !== 'change' || moment === 'taken' || moment === 'begun' || moment === 'recorded')
      return;
    const { cluster } = this.#staged.begun;
    const at = commandPoint(command, moment);
    for (const { presenter, verifier } of cluster.strangers()) {
      this.#wrong.push(`${at}: ${verifier} refuses ${presenter}`);
    }
    const down = cluster.members.filter(({ process }) => !process);
    if (down.length > 0) this.#wrong.push(`${at}: ${down.map(({ id }) => id).join()} down`);
  }

  #reach(point: Point): void {
    this.#reached.add(point);
    for (const fault of this.#staged.faults) {
      if (fault.until === point) this.#natsUp();
      if (fault.at !== point || this.#fired.includes(fault)) continue;
      this.#fired.push(fault);
      for (const who of fault.kill) this.#kill(who);
    }
  }

  #kill(who: string): void {
    if (who === 'nats') {
      this.#natsDown ??= this.#staged.nats.kill();
      return;
    }
    const victim = this.#running.get(who);
    if (!victim) return;
    this.#running.delete(who);
    const killed = victim.kill();
    this.#restarts.push(killed.then(() => this.#start(who)).catch((error) => this.#broke(error)));
  }

  #natsUp(): void {
    const down = this.#natsDown;
    if (!down) return;
    this.#natsDown = undefined;
    const up = down.then(() => this.#staged.nats.start());
    this.#restarts.push(up.catch((error) => this.#broke(error)));
  }
}
