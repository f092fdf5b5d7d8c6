import type { Entry } from '@etcd-rotate/protocol';
import { aClient, aCluster, Play, unwrap } from '@etcd-rotate/testing';
import { openMemoryJournal } from '../src/memory-journal.ts';

/** The entries of a whole rotation of three members and two clients. */
export function aWholeRotation(): Entry['body'][] {
  const cluster = aCluster('a', 'b', 'c', aClient('backup', { takes: 'reload' }), aClient('api'));
  const { entries, rotation } = new Play(cluster).run();
  if (rotation.state.status !== 'finished') throw new Error(`it is ${rotation.state.status}`);
  return entries.map(({ body }) => body);
}

/** The lines of a journal with these entries, as they are in its file. */
export async function linesOf(bodies: readonly Entry['body'][]): Promise<string[]> {
  const lines: string[] = [];
  const now = (): Date => new Date('2026-06-01T12:00:00.000Z');
  const journal = unwrap(await openMemoryJournal({ now, lines }));
  for (const body of bodies) unwrap(await journal.append(body));
  return lines;
}
