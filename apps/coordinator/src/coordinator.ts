import { type CheckInput, changedWhileHeld, mayDo, type Rotation, resumeRefusalsOf } from '@etcd-rotate/core';
import type { Journal } from '@etcd-rotate/journal';
import {
  type Domain,
  type Failure,
  type FleetCluster,
  type FleetFile,
  fail,
  type NodeObservation,
  type OperatorReply,
  type OperatorRequest,
  type Plan,
  type RotationRequest,
} from '@etcd-rotate/protocol';
import { observe, type PlanningPorts, type Ports, planRotation, runRotation } from '@etcd-rotate/runner';
import { journalPage } from './journal-page.ts';
import { planDifference } from './plan-difference.ts';
import { rotationId } from './rotation-id.ts';
import { Rotations } from './rotations.ts';

type Outcome = OperatorReply['outcome'];
type Body<T extends OperatorRequest['body']['type']> = Extract<OperatorRequest['body'], { type: T }>;

export interface CoordinatorParts {
  fleet: FleetFile;
  journal: Journal;
  ports: Ports & PlanningPorts;
  /** The journal cannot be written: whoever runs us has to look, and start us again. */
  onFatal(failure: Failure): void;
  /** Told of every plan that was shown: it may be run soon. */
  onPlan(plan: Plan): void;
  log: { info(about: object, message: string): void; error(about: object, message: string): void };
  /** What is under way, for systemd. */
  onStatus(status: string): void;
}

/** Answers operators and keeps one loop running for every rotation that is not held or finished. */
export class Coordinator {
  readonly #parts: CoordinatorParts;
  readonly #rotations: Rotations;
  readonly #running = new Map<string, Promise<void>>();
  readonly #stop = new AbortController();
  /** Plans that were shown, to say what changed when another one is made at the start. */
  readonly #shown = new Map<string, Plan>();
  /** Clusters for which a start or a resume is being answered. */
  readonly #starting = new Set<string>();

  constructor(parts: CoordinatorParts) {
    this.#parts = parts;
    this.#rotations = new Rotations(parts.journal);
  }

  /** Goes on with every rotation that was running when the last coordinator ended. */
  resumeAll(): void {
    for (const rotation of this.#rotations.all())
      if (rotation.state.status === 'running') this.#run(rotation);
  }

  /** Ends every loop between two moves; the journal says where to go on. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await Promise.all(this.#running.values());
  }

  async answer({ id, operator, body }: OperatorRequest): Promise<Outcome> {
    switch (body.type) {
      case 'plan':
        return this.#plan(body.request);
      case 'start':
        return this.#start(id, operator, body);
      case 'status':
        return this.#status(body);
      case 'journal':
        return journalPage(this.#parts.journal, body);
      case 'resume':
        return this.#resume(operator, body);
      case 'abandon':
        return this.#abandon(operator, body);
    }
  }

  async #plan(request: RotationRequest): Promise<Outcome> {
    const cluster = this.#cluster(request.cluster);
    if (!cluster) return this.#unknownCluster(request.cluster);
    const planned = await planRotation(this.#parts.fleet.fleet, cluster, request, this.#parts.ports);
    if (!planned.ok) return planned;
    const { plan, proof, alternatives } = planned;
    this.#remember(plan);
    return { ok: true, value: { type: 'plan', plan, proof, alternatives } };
  }

  async #start(id: string, operator: string, { request, digest }: Body<'start'>): Promise<Outcome> {
    const cluster = this.#cluster(request.cluster);
    if (!cluster) return this.#unknownCluster(request.cluster);
    const same = this.#rotations.all().find((one) => one.request === id);
    if (same) return started(same.id, this.#parts.journal.last());
    const other = this.#rotations.unfinished(cluster.name);
    if (other) return refused(underWay(other));
    if (this.#isBusy(cluster.name)) return refused(busy(cluster.name));
    this.#starting.add(cluster.name);
    try {
      const planned = await planRotation(this.#parts.fleet.fleet, cluster, request, this.#parts.ports);
      if (!planned.ok) return planned;
      if (planned.plan.digest !== digest) {
        const difference = planDifference(this.#shown.get(digest), planned.plan);
        this.#remember(planned.plan);
        return refused(
          fail(
            'plan-changed',
            `${cluster.name} is not what it was when the plan was shown: ${difference}`,
            'look at the new plan and agree to it',
          ).failure,
        );
      }
      return await this.#begin({
        id,
        operator,
        cluster,
        plan: planned.plan,
        observations: planned.observations,
      });
    } finally {
      this.#starting.delete(cluster.name);
    }
  }

  async #begin({ id, operator, cluster, plan, observations }: Begin): Promise<Outcome> {
    const { journal, ports } = this.#parts;
    const rotation = rotationId(cluster.name, ports.clock.now());
    const entry = await journal.append({
      type: 'started',
      rotation,
      cluster: cluster.name,
      operator,
      request: id,
      plan,
      observations,
    });
    if (!entry.ok) return refused(entry.failure);
    const begun = this.#rotations.get(rotation);
    if (begun) this.#run(begun);
    return started(rotation, entry.value.seq);
  }

  #run(rotation: Rotation): void {
    const { log, onStatus, ports } = this.#parts;
    const { id, cluster } = rotation;
    log.info({ rotation: id, cluster }, 'rotation goes on');
    onStatus(`rotating ${cluster}`);
    const loop = runRotation(rotation, ports, this.#stop.signal).then(async ({ rotation: last, failure }) => {
      this.#running.delete(id);
      if (failure) await this.#broken(id, failure);
      if (failure) log.error({ rotation: id, failure }, 'the loop of a rotation ended');
      else log.info({ rotation: id, state: last.state }, 'rotation rests');
      onStatus(this.#running.size === 0 ? 'idle' : `rotating ${this.#running.size} clusters`);
    });
    this.#running.set(id, loop);
  }

  /** A loop that broke holds its rotation; where not even that can be written, nobody must think that it goes on. */
  async #broken(id: string, failure: Failure): Promise<void> {
    const held =
      failure.code === 'internal'
        ? await this.#parts.journal.append({ type: 'held', rotation: id, failure })
        : { ok: false };
    if (!held.ok) this.#parts.onFatal(failure);
  }

  async #status({ cluster: name }: Body<'status'>): Promise<Outcome> {
    const { fleet, ports, journal } = this.#parts;
    const clusters = fleet.clusters.filter((cluster) => name === undefined || cluster.name === name);
    if (name !== undefined && clusters.length === 0) return this.#unknownCluster(name);
    const looks = await Promise.all(clusters.map((cluster) => observe(fleet.fleet, cluster, ports)));
    const answering = new Set(looks.flatMap(({ observations }) => observations.map(({ node }) => node)));
    const nodes = new Set(
      clusters.flatMap(({ members, clients }) => [...members, ...clients].map(({ node }) => node)),
    );
    return {
      ok: true,
      value: {
        type: 'status',
        epoch: journal.epoch,
        clusters: clusters.map((cluster) => cluster.name),
        nodes: [...nodes].map((node) => ({ node, answers: answering.has(node) })),
        rotations: this.#rotations.statuses(name),
      },
    };
  }

  async #resume(operator: string, { rotation: id }: Body<'resume'>): Promise<Outcome> {
    const rotation = this.#rotations.get(id);
    if (!rotation) return unknownRotation(id);
    const allowed = mayDo('resume', rotation);
    if (!allowed.ok) return refused(allowed.failure);
    if (this.#isBusy(rotation.cluster)) return refused(busy(rotation.cluster));
    this.#starting.add(rotation.cluster);
    try {
      return await this.#goOn(operator, rotation);
    } finally {
      this.#starting.delete(rotation.cluster);
    }
  }

  /** The cluster may have changed while the rotation was held: then it does not go on by itself. */
  async #goOn(operator: string, rotation: Rotation): Promise<Outcome> {
    const { id, cluster: name, plan } = rotation;
    const { fleet, ports } = this.#parts;
    const cluster = this.#cluster(name);
    if (!cluster) return this.#unknownCluster(name);
    const askedAt = ports.clock.now().toISOString();
    const { observations, missing } = await observe(fleet.fleet, cluster, ports);
    const input: CheckInput = {
      cluster,
      request: asPlanned(plan),
      observations,
      missing,
      askedAt,
      now: ports.clock.now().toISOString(),
      held: ports.heldCas(),
      verify: ports.verify,
      covers: ports.covers,
    };
    const [first, ...rest] = [
      ...resumeRefusalsOf(input, plan.plannedFrom),
      ...changedWhileHeld(rotation, observations),
    ];
    if (first) return { ok: false, failures: [first, ...rest] };
    const entry = await this.#parts.journal.append({ type: 'resumed', rotation: id, operator });
    if (!entry.ok) return refused(entry.failure);
    const resumed = this.#rotations.get(id);
    if (resumed?.state.status === 'running') this.#run(resumed);
    return { ok: true, value: { type: 'done' } };
  }

  async #abandon(operator: string, { rotation: id }: Body<'abandon'>): Promise<Outcome> {
    const rotation = this.#rotations.get(id);
    if (!rotation) return unknownRotation(id);
    const allowed = mayDo('abandon', rotation);
    if (!allowed.ok) return refused(allowed.failure);
    if (this.#isBusy(rotation.cluster)) return refused(busy(rotation.cluster));
    this.#starting.add(rotation.cluster);
    try {
      const body = { type: 'finished', rotation: id, outcome: 'abandoned', operator } as const;
      const entry = await this.#parts.journal.append(body);
      return entry.ok ? { ok: true, value: { type: 'done' } } : refused(entry.failure);
    } finally {
      this.#starting.delete(rotation.cluster);
    }
  }

  /** One thing at a time in a cluster: no start, resume or abandon while another is answered or a loop runs. */
  #isBusy(cluster: string): boolean {
    if (this.#starting.has(cluster)) return true;
    return [...this.#running.keys()].some((id) => this.#rotations.get(id)?.cluster === cluster);
  }

  #cluster(name: string): FleetCluster | undefined {
    return this.#parts.fleet.clusters.find((cluster) => cluster.name === name);
  }

  #unknownCluster(name: string): Outcome {
    const known = this.#parts.fleet.clusters.map((cluster) => cluster.name).join(', ');
    return refused(
      fail('unknown-cluster', `the fleet has no cluster "${name}" (it has: ${known})`, 'name one of those')
        .failure,
    );
  }

  #remember(plan: Plan): void {
    this.#shown.set(plan.digest, plan);
    this.#parts.onPlan(plan);
    for (const digest of [...this.#shown.keys()].slice(0, -20)) this.#shown.delete(digest);
  }
}

/** What was asked for, as far as what is checked before a rotation goes on depends on it. */
function asPlanned({ cluster, domains, strategy, restarts, acceptDowntime }: Plan): RotationRequest {
  return {
    cluster,
    domains: Object.keys(domains) as Domain[],
    strategy,
    restarts,
    targets: {},
    acceptDowntime,
    leaves: 'all',
    retire: [],
    reissue: false,
  };
}

interface Begin {
  id: string;
  operator: string;
  cluster: FleetCluster;
  plan: Plan;
  observations: NodeObservation[];
}

function underWay({ id, cluster, state }: Rotation): Failure {
  const how = state.status === 'held' ? `is held (${state.failure.code})` : 'is under way';
  return fail(
    'rotation-under-way',
    `${cluster} has rotation ${id}, which ${how}`,
    'look at it with `rotate status`',
  ).failure;
}

function busy(cluster: string): Failure {
  return fail(
    'rotation-under-way',
    `${cluster}: another start or resume is being answered`,
    'ask again',
    true,
  ).failure;
}

function unknownRotation(id: string): Outcome {
  return refused(
    fail('unknown-rotation', `the journal has no rotation ${id}`, 'see `rotate status`').failure,
  );
}

function started(rotation: string, sequence: number): Outcome {
  return { ok: true, value: { type: 'started', rotation, sequence } };
}

function refused(failure: Failure): Outcome {
  return { ok: false, failures: [failure] };
}
