import type { EntryOf, Point } from './points.ts';
import type { Fault } from './stage.ts';

/** One kind of fault at every place there is. */
export interface Kind {
  name: string;
  faults: Fault[];
}

/** Every process killed right before and right after every entry, and the two that talk to each other together. */
export function faultsAtEntries(entries: readonly EntryOf[], nodes: readonly string[]): Kind[] {
  const at = (side: 'before' | 'after', kill: (entry: EntryOf) => string[]): Fault[] =>
    entries
      // An operator whose start was not written down asks again: there is nothing to go on with.
      .filter(({ name }) => side === 'after' || name !== 'started')
      .map((entry) => ({ at: `${side} ${entry.name}`, kill: kill(entry) }));
  const sides = ['before', 'after'] as const;
  const [first = ''] = nodes;
  return [
    ...sides.map((side) => ({ name: `coordinator ${side}`, faults: at(side, () => ['coordinator']) })),
    ...nodes.flatMap((node) =>
      sides.map((side) => ({ name: `${node} ${side}`, faults: at(side, () => [node]) })),
    ),
    ...sides.map((side) => ({
      name: `coordinator and agent ${side}`,
      faults: at(side, ({ node = first }) => ['coordinator', node]),
    })),
    {
      name: 'nats-server around',
      faults: entries.map(({ name }) => ({ at: `before ${name}`, until: `after ${name}`, kill: ['nats'] })),
    },
  ];
}

/** An agent killed at every moment of every command that it obeys. */
export function faultsWhileObeying(
  points: readonly Point[],
  nodeOf: (point: Point) => string | undefined,
): Kind {
  const faults = points.flatMap((at): Fault[] => {
    const node = nodeOf(at);
    return node === undefined ? [] : [{ at, kill: [node] }];
  });
  return { name: 'agent while it obeys', faults };
}

export function described({ at, kill }: Fault): string {
  return `${kill.join('+')} ${at}`;
}

/** So many in one run that the rotation has time to go on between two of them. */
const inOneRun = 12;

/** Spreads faults, in the order in which they come, over as few runs as that takes. */
export function inRuns(faults: readonly Fault[]): Fault[][] {
  const runs = Array.from({ length: Math.ceil(faults.length / inOneRun) }, (): Fault[] => []);
  for (const [i, fault] of faults.entries()) runs[i % runs.length]?.push(fault);
  return runs;
}
