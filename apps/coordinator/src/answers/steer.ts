import {
  type CheckInput,
  changedWhileHeld,
  lostCopies,
  type Rotation,
  resumeRefusalsOf,
  stoppedWhileHeld,
} from '@etcd-rotate/core';
import type { EntryBody, FleetCluster } from '@etcd-rotate/protocol';
import { asPlanned, observe } from '@etcd-rotate/runner';
import type { Desk } from './desk.ts';
import { done, type Outcome, refused } from './refusals.ts';

/** Its loop reads it from the journal, and holds before the next step. */
export function hold(desk: Desk, operator: string, id: string): Promise<Outcome> {
  return desk.steer('hold', id, () => written(desk, { type: 'holding', rotation: id, operator }));
}

export function resume(desk: Desk, operator: string, id: string): Promise<Outcome> {
  return desk.steer('resume', id, (rotation) => {
    const entry = { type: 'resumed', rotation: id, operator } as const;
    // It has not come to rest: only the wish is taken back. It may rest by the time that is written.
    if (rotation.state.status === 'holding') return goesOn(desk, entry);
    return desk.alone(rotation.cluster, () =>
      desk.inFleet(rotation.cluster, async (cluster) => {
        const { changed, prepareAgain } = await changedSince(desk, rotation, cluster);
        return changed ?? goesOn(desk, prepareAgain.length > 0 ? { ...entry, prepareAgain } : entry);
      }),
    );
  });
}

export function abandon(desk: Desk, operator: string, id: string): Promise<Outcome> {
  return desk.steer('abandon', id, ({ cluster }) =>
    desk.alone(cluster, () =>
      written(desk, { type: 'finished', rotation: id, outcome: 'abandoned', operator }),
    ),
  );
}

/** Leads anew, above whatever epoch the nodes of a cluster have stored. */
export function resetEpoch(desk: Desk, name: string): Promise<Outcome> {
  return desk.inFleet(name, async (cluster) => {
    const { fleet, ports, lead } = desk.parts;
    const { observations, missing } = await observe(fleet.fleet, cluster, ports);
    const [first, ...rest] = missing;
    if (first) return { ok: false, failures: [first, ...rest] };
    const led = await lead(Math.max(...observations.map(({ epoch }) => epoch)));
    return led.ok ? done : refused(led.failure);
  });
}

/** The cluster may have changed while the rotation was held: then it does not go on by itself. */
async function changedSince(
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

async function goesOn(desk: Desk, body: Extract<EntryBody, { type: 'resumed' }>): Promise<Outcome> {
  const answer = await written(desk, body);
  desk.loops.run(body.rotation);
  return answer;
}

async function written(desk: Desk, body: EntryBody): Promise<Outcome> {
  const entry = await desk.parts.journal.append(body);
  return entry.ok ? done : refused(entry.failure);
}
