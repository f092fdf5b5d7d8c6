import type { NodeObservation } from '@etcd-rotate/protocol';
import { type SeenSlot, slotsIn } from './seen-slots.ts';

/** The slots that each file of each node is. */
export type Files = ReadonlyMap<string, readonly SeenSlot[]>;

export function filesIn(observations: readonly NodeObservation[]): Files {
  const files = new Map<string, SeenSlot[]>();
  for (const there of slotsIn(observations)) {
    files.set(keyOf(there), [...(files.get(keyOf(there)) ?? []), there]);
  }
  return files;
}

/** The slots that are the same file as this one, itself among them. */
export function slotsOfFile(files: Files, there: SeenSlot): readonly SeenSlot[] {
  return files.get(keyOf(there)) ?? [there];
}

/** The words of two nodes say nothing of each other. */
function keyOf({ node, contents }: SeenSlot): string {
  return `${node} ${contents.file}`;
}
