import { mayDo, type Rotation, type Verb } from '@etcd-rotate/core';
import { type FleetCluster, fail, type Plan } from '@etcd-rotate/protocol';
import type { CoordinatorParts } from '../coordinator.ts';
import { planDifference } from '../plan-difference.ts';
import { Rotations } from '../rotations.ts';
import { AdoptionKeys } from './adoption-keys.ts';
import { Loops } from './loops.ts';
import { busy, type Outcome, refused, unknownRotation } from './refusals.ts';

/** What those who answer operators share: the rotations and their loops, and one request at a time for a cluster. */
export class Desk {
  readonly parts: CoordinatorParts;
  readonly rotations: Rotations;
  readonly loops: Loops;
  readonly adoptionKeys: AdoptionKeys;
  /** Clusters for which a request that changes something is being answered. */
  readonly #taken = new Set<string>();
  /** Plans that were shown, to say what changed when another one is made at the start. */
  readonly #shown = new Map<string, Plan>();

  constructor(parts: CoordinatorParts) {
    this.parts = parts;
    this.rotations = new Rotations(parts.journal);
    this.loops = new Loops(parts, this.rotations);
    this.adoptionKeys = new AdoptionKeys(parts.ports.clock.now);
  }

  /** No start, resume, roll back or abandon while another is answered or a loop runs. */
  async alone(cluster: string, answer: () => Promise<Outcome>): Promise<Outcome> {
    if (this.#taken.has(cluster) || this.loops.isRunningIn(cluster)) return busy(cluster);
    this.#taken.add(cluster);
    try {
      return await answer();
    } finally {
      this.#taken.delete(cluster);
    }
  }

  /** No rotation begins or turns in any cluster while this is answered; loops that run go on. */
  async whileNothingBegins(answer: () => Promise<Outcome>): Promise<Outcome> {
    const names = this.parts.fleet.clusters.map(({ name }) => name);
    const taken = names.find((name) => this.#taken.has(name));
    if (taken !== undefined) return busy(taken);
    for (const name of names) this.#taken.add(name);
    try {
      return await answer();
    } finally {
      for (const name of names) this.#taken.delete(name);
    }
  }

  /** Answers for a rotation that there is, where the verb is legal in its status. */
  async steer(verb: Verb, id: string, answer: (rotation: Rotation) => Promise<Outcome>): Promise<Outcome> {
    const rotation = this.rotations.get(id);
    if (!rotation) return unknownRotation(id);
    const allowed = mayDo(verb, rotation);
    return allowed.ok ? answer(rotation) : refused(allowed.failure);
  }

  /** Answers about a cluster of the fleet. */
  async inFleet(name: string, answer: (cluster: FleetCluster) => Promise<Outcome>): Promise<Outcome> {
    const cluster = this.parts.fleet.clusters.find((one) => one.name === name);
    return cluster ? answer(cluster) : this.unknownCluster(name);
  }

  unknownCluster(name: string): Outcome {
    const known = this.parts.fleet.clusters.map((one) => one.name).join(', ');
    return refused(
      fail('unknown-cluster', `the fleet has no cluster "${name}" (it has: ${known})`, 'name one of those')
        .failure,
    );
  }

  show(plan: Plan): void {
    this.#shown.set(plan.digest, plan);
    this.parts.onPlan(plan);
    for (const digest of [...this.#shown.keys()].slice(0, -20)) this.#shown.delete(digest);
  }

  /** What is new in a plan since the one that was shown under a digest. */
  difference(digest: string, plan: Plan): string {
    return planDifference(this.#shown.get(digest), plan);
  }
}
