import { isDeepStrictEqual } from 'node:util';
import { endState } from './end-state.ts';
import type { End } from './stage.ts';

/** What is wrong with the end of a run, held against one without a fault. */
export function wrongWith(end: End, undisturbed: End): string[] {
  const { state } = end.rotation;
  const { cluster } = end;
  const restarts = cluster.restarts.map(({ holder }) => holder).join(' ');
  const expected = undisturbed.cluster.restarts.map(({ holder }) => holder).join(' ');
  const down = cluster.restarts.filter(({ running }) => running < cluster.members.length);
  return [
    ...end.wrong,
    ...(end.failure ? [`the loop ended: ${end.failure.message}`] : []),
    ...(outcomeOf(end) === outcomeOf(undisturbed) ? [] : [`it is ${JSON.stringify(state)}`]),
    // Every restart can be avoided: an agent looks before it acts, also where it was killed in the middle.
    ...(restarts === expected ? [] : [`restarts: ${restarts}; without a fault: ${expected}`]),
    ...down.map(({ holder, running }) => `${holder} was restarted while ${running} members ran`),
    ...(isDeepStrictEqual(endState(cluster), endState(undisturbed.cluster))
      ? []
      : [`it ends as ${JSON.stringify(endState(cluster))}`]),
    ...snapshots(end),
  ];
}

function outcomeOf({ rotation: { state } }: End): string {
  return state.status === 'finished' ? state.outcome : state.status;
}

/** Taken once, but for one of which nobody knows any more that it was taken. */
function snapshots({ cluster, fired }: End): string[] {
  const forgotten = fired.some(({ at }) => at === 'snapshot snapshot done');
  const most = forgotten ? 2 : 1;
  return cluster.snapshots.length <= most ? [] : [`snapshots: ${cluster.snapshots.join(' ')}`];
}
