import type { EntryBody } from '@etcd-rotate/protocol';
import { observe } from '@etcd-rotate/runner';
import { changedSince } from './changed-since.ts';
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

export async function goesOn(
  desk: Desk,
  body: Extract<EntryBody, { type: 'resumed' | 'approved' }>,
): Promise<Outcome> {
  const answer = await written(desk, body);
  desk.loops.run(body.rotation);
  return answer;
}

async function written(desk: Desk, body: EntryBody): Promise<Outcome> {
  const entry = await desk.parts.journal.append(body);
  return entry.ok ? done : refused(entry.failure);
}
