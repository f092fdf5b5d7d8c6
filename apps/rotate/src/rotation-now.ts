import { apply, type Rotation } from '@etcd-rotate/core';
import type { Entry } from '@etcd-rotate/protocol';
import type { Coordinator } from './coordinator.ts';
import { readOn } from './read-on.ts';

/** A rotation as its journal says it is now, with its entries; nothing where the coordinator does not tell. */
export async function rotationNow(
  coordinator: Coordinator,
  id: string,
): Promise<{ rotation: Rotation; entries: Entry[] } | undefined> {
  const entries: Entry[] = [];
  for await (const news of readOn(coordinator, { rotation: id, after: 0 }, new AbortController().signal)) {
    if (news.type !== 'entries') return undefined;
    entries.push(...news.entries);
    if (news.isAll) break;
  }
  let rotation: Rotation | undefined;
  for (const entry of entries) rotation = apply(rotation, entry);
  return rotation && { rotation, entries };
}
