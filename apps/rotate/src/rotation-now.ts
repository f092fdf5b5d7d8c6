import { apply, type Rotation } from '@etcd-rotate/core';
import type { Entry, Failure } from '@etcd-rotate/protocol';
import type { Coordinator } from './coordinator.ts';
import { readOn } from './read-on.ts';
import { unknownRotation } from './unknown-rotation.ts';

type Told<T> = { ok: true; value: T } | { ok: false; failures: readonly Failure[] };

/** A rotation as its journal says it is now. */
export async function rotationNow(coordinator: Coordinator, id: string): Promise<Told<Rotation>> {
  const entries = await entriesSince(coordinator, { rotation: id, after: 0 });
  if (!entries.ok) return entries;
  let rotation: Rotation | undefined;
  for (const entry of entries.value) rotation = apply(rotation, entry);
  return rotation ? { ok: true, value: rotation } : { ok: false, failures: [unknownRotation(id)] };
}

/** The entries of a rotation after one, up to now. */
export async function entriesSince(
  coordinator: Coordinator,
  from: { rotation: string; after: number },
): Promise<Told<Entry[]>> {
  const entries: Entry[] = [];
  for await (const news of readOn(coordinator, from, new AbortController().signal)) {
    if (news.type !== 'entries') return { ok: false, failures: news.failures };
    entries.push(...news.entries);
    if (news.isAll) break;
  }
  return { ok: true, value: entries };
}
