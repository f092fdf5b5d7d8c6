import type { Command, HolderId, Slot } from '@etcd-rotate/protocol';

/** What was there before a rotation went out, or before it went back: apart from each other. */
export function copyName(
  { rotation, direction }: Pick<Command, 'rotation' | 'direction'>,
  holder: HolderId,
  slot: Slot,
): string {
  return `${rotation} ${direction} ${holder} ${slot}`;
}
