import type { HolderId, HolderObservation, NodeObservation } from '@etcd-rotate/protocol';

export function membersOf(observations: readonly NodeObservation[]): HolderObservation[] {
  return observations.flatMap(({ holders }) => holders.filter(({ holder }) => holder.startsWith('member/')));
}

export function holderIn(
  observations: readonly NodeObservation[],
  holder: HolderId,
): HolderObservation | undefined {
  return observations.flatMap(({ holders }) => holders).find((seen) => seen.holder === holder);
}
