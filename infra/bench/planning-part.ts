// What a dry run makes the coordinator think: checks, plan, throw-away certificates, the proof, and what the other
// strategies would cost. The certificates are real and so are the verifier and the signer, as the coordinator has them;
// what the nodes see is taken from a cluster in memory, so that no network is in the figures.

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate as breathe } from 'node:timers/promises';
import { aClient, aCluster, aKey, aRequest, type Cluster, withCas } from '@etcd-rotate/testing';
import { certificates, hash } from '../../apps/coordinator/src/certificates.ts';
import { standInMaker } from '../../apps/coordinator/src/stand-ins.ts';
import { type NodeObservation, ok, type RotationRequest } from '../../packages/protocol/src/index.ts';
import { type PlanningPorts, planRotation } from '../../packages/runner/src/index.ts';
import { openSigner, type Signer } from '../../packages/signer/src/index.ts';
import { median } from './median.ts';

export interface Planning {
  members: number;
  clients: number;
  ways: PlannedWay[];
}

export interface PlannedWay {
  name: string;
  steps: number;
  /** Of etcd, as the plan estimates. */
  restarts: number;
  /** Lines of the proof: the plan is proven at each. */
  proofs: number;
  /** Of a coordinator that has never seen this cluster. */
  firstMs: number;
  /** Of one that has, the median. */
  medianMs: number;
  slowestMs: number;
  rounds: number;
}

const ways: Record<string, Partial<RotationRequest>> = {
  staged: { strategy: 'staged', restarts: 'every-stage' },
  'when-needed': { strategy: 'staged', restarts: 'when-needed' },
};

const rounds = 25;

export async function measurePlanning(signal: AbortSignal): Promise<Planning> {
  const cluster = theCluster();
  const { members, clients } = cluster.fleet;
  const folder = mkdtempSync(join(tmpdir(), 'etcd-rotate-bench-'));
  try {
    const { now } = cluster.clock;
    const signer = await openSigner({ folder: join(folder, 'cas'), passphrase: aKey(), now });
    if (!signer.ok) throw new Error(signer.failure.message);
    const measured: PlannedWay[] = [];
    for (const [name, way] of Object.entries(ways)) {
      measured.push(await measureWay({ cluster, name, way, signer: signer.value }, signal));
    }
    signer.value.close();
    return { members: members.length, clients: clients.length, ways: measured };
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** Seven members and twenty clients, each on a node of its own, with a CA for each domain. */
function theCluster(): Cluster {
  const members = Array.from({ length: 7 }, (_, index) => `m${index + 1}`);
  const clients = Array.from({ length: 20 }, (_, index) => aClient(`client-${index + 1}`));
  return aCluster(...members, ...clients, withCas('ca1', 'pca1'));
}

interface Case {
  cluster: Cluster;
  name: string;
  way: Partial<RotationRequest>;
  signer: Signer;
}

async function measureWay({ cluster, name, way, signer }: Case, signal: AbortSignal): Promise<PlannedWay> {
  const { now } = cluster.clock;
  const facts = certificates(now);
  const standIns = standInMaker(signer, facts, now);
  const took: number[] = [];
  let steps = 0;
  let restarts = 0;
  let proofs = 0;
  for (let round = 0; round <= rounds; round += 1) {
    await breathe();
    signal.throwIfAborted();
    // As from the bus: the same certificates, parsed anew.
    const observations = new Map(
      structuredClone(cluster.observations()).map((seen): [string, NodeObservation] => [seen.node, seen]),
    );
    const ports: PlanningPorts = {
      agents: {
        observe: async ({ node }) => {
          const seen = observations.get(node);
          if (!seen) throw new Error(`nobody saw ${node}`);
          return ok(seen);
        },
      },
      heldCas: () => new Map(),
      standIns,
      covers: facts.covers,
      verify: facts.verify,
      times: () => undefined,
      hash,
      newId: () => `${name}-${round}`,
      clock: cluster.clock,
      epoch: () => 1,
    };
    const begun = performance.now();
    const planned = await planRotation('bench', cluster.fleet, aRequest(way), ports);
    took.push(performance.now() - begun);
    if (!planned.ok) throw new Error(`no plan for ${name}: ${planned.failures[0].message}`);
    steps = planned.plan.steps.length;
    restarts = planned.plan.estimate.etcdRestarts;
    proofs = planned.proof.length;
  }
  const [firstMs = Number.NaN, ...rest] = took;
  return {
    name,
    steps,
    restarts,
    proofs,
    firstMs,
    medianMs: median(rest),
    slowestMs: Math.max(...rest),
    rounds,
  };
}
