import { apply, type Rotation } from '@etcd-rotate/core';
import type { Entry } from '@etcd-rotate/protocol';
import { showEntry } from '../show-entry.ts';

/** A rotation as somebody who watches it sees it: what its journal says so far. */
export interface Watched {
  rotation: Rotation;
  /** Since when it has its status or goes in its direction. */
  since: string;
  /** Of the coordinator that wrote the last entry. */
  epoch: number;
  /** The last entries that have a line. */
  recent: readonly Entry[];
}

const mostRecent = 6;

export function watchOn(before: Watched | undefined, entry: Entry): Watched | undefined {
  const rotation = apply(before?.rotation, entry);
  if (!rotation) return undefined;
  const hasLine = showEntry(entry).line !== undefined;
  const recent = hasLine ? [...(before?.recent ?? []), entry].slice(-mostRecent) : (before?.recent ?? []);
  const isAnother =
    rotation.state.status !== before?.rotation.state.status ||
    rotation.plan.direction !== before.rotation.plan.direction;
  return { rotation, recent, epoch: entry.epoch, since: isAnother ? entry.at : before.since };
}
