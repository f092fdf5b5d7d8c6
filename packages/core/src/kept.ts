import type { KeptLeaf } from '@etcd-rotate/protocol';

/** Whether a node still has that very leaf from before, with its key. */
export function isKept(
  copies: readonly KeptLeaf[],
  { direction, holder, slot, fingerprint }: KeptLeaf,
): boolean {
  return copies.some(
    (one) =>
      one.direction === direction &&
      one.holder === holder &&
      one.slot === slot &&
      one.fingerprint === fingerprint,
  );
}
