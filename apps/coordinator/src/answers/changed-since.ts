import {
  type CheckInput,
  changedWhileHeld,
  lostCopies,
  type Rotation,
  resumeRefusalsOf,
  stoppedWhileHeld,
} from '@etcd-rotate/core';
import type { FleetCluster } from '@etcd-rotate/protocol';
import { asPlanned, observe } from '@etcd-rotate/runner';
import type { Desk } from './desk.ts';
import type { Outcome } from './refusals.ts';

/** The cluster may have changed while the rotation was held: then it does not go on by itself. */
export async function changedSince(
  desk: Desk,
  rotation: Rotation,
  cluster: FleetCluster,
): Promise<{ changed: Outcome | undefined; prepareAgain: string[] }> {
  const { plan } = rotation;
  const { fleet, ports } = desk.parts;
  const askedAt = ports.clock.now().toISOString();
  const { observations, missing } = await observe(fleet.fleet, cluster, ports, rotation.id);
  const { refusals, prepareAgain } = lostCopies(rotation, observations);
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
    ...stoppedWhileHeld(rotation, observations),
    ...refusals,
  ];
  return { changed: first && { ok: false, failures: [first, ...rest] }, prepareAgain };
}
