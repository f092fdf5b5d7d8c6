import { type HolderId, slotsOf } from '@etcd-rotate/protocol';
import type { Cluster } from '@etcd-rotate/testing';

/** Where a cluster ended, but for which certificates of an issuer they are: those may have been made anew. */
export function endState(cluster: Cluster): object {
  return Object.fromEntries(
    [...cluster.holders.values()].map((holder) => [
      holder.id,
      {
        files: cluster.filesOf(holder.id),
        runs: holder.process !== undefined,
        loaded: isLoaded(cluster, holder.id),
      },
    ]),
  );
}

function isLoaded(cluster: Cluster, id: HolderId): boolean {
  return slotsOf(id).every((slot) => cluster.holder(id).isLoaded(slot));
}
