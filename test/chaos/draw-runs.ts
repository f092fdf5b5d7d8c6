import type { EtcdVersion } from '@etcd-rotate/lab';
import { faultsOfTwo } from './coordinators.ts';
import { cutNats } from './cut.ts';
import { disks, fill, setReadOnly } from './disks.ts';
import type { PlannedRun } from './planned-run.ts';
import type { Kind, Point } from './point.ts';
import { kill, type ProcessName, processes, stop } from './processes.ts';
import type { Fault } from './scene.ts';
import { type Chance, seeded } from './seeded.ts';

export const versions: readonly EtcdVersion[] = ['3.4', '3.5'];

/** Every word of the journal, with the commands that travel under it. */
export const kindsByWord = {
  lead: ['lead'],
  started: ['started'],
  ca: ['ca'],
  sent: ['sent prepare', 'sent snapshot', 'sent request', 'sent change', 'sent prove'],
  signed: ['signed'],
  result: ['result prepare', 'result snapshot', 'result request', 'result change', 'result prove'],
  holding: ['holding'],
  held: ['held'],
  resumed: ['resumed'],
  turned: ['turned'],
  finished: ['finished'],
} satisfies Record<string, Kind[]>;

const sides = ['before', 'after'] as const;
const parts = ['changed', 'leader', 'other'] as const;

const inTheMiddle: Kind[] = ['sent change', 'result change', 'sent prove', 'result prove', 'signed'];
const atInstall: Kind[] = ['sent change', 'result request', 'signed'];

/** What happens besides kills, and at which entries it is worth the time. */
const otherFaults: { fault: () => Fault; kinds: Kind[] }[] = [
  ...processes.flatMap((process) => {
    const of = process === 'etcd member' ? parts : (['changed'] as const);
    return of.map((which) => ({ fault: () => stop(process, which), kinds: inTheMiddle }));
  }),
  { fault: cutNats, kinds: inTheMiddle },
  ...disks.map((disk) => ({ fault: () => fill(disk), kinds: atInstall })),
  { fault: () => setReadOnly('slot files'), kinds: atInstall },
  ...faultsOfTwo.map((fault) => ({ fault, kinds: inTheMiddle })),
  // Another member goes down while one is being proven: no restart of ours may follow until it is back.
  { fault: () => kill('etcd member', 'other'), kinds: ['sent prove', 'result prove'] },
];

/** Of one long run; more are drawn until it has so many. */
const atLeast = 66;

/** Each kind of entry times each process once, and every other fault once; the rest is drawn. */
export function drawRuns(seed: number): PlannedRun[] {
  const chance = seeded(seed, 'runs');
  const words = Object.values(kindsByWord);
  const killAt = (process: ProcessName, kinds: Kind[]): Drawn => ({
    fault: kill(process, chance.one(parts)),
    kind: chance.one(kinds),
    side: chance.one(sides),
  });
  const drawn = [
    ...words.flatMap((kinds) => processes.map((process) => killAt(process, kinds))),
    ...otherFaults.map(({ fault, kinds }) => ({
      fault: fault(),
      kind: chance.one(kinds),
      side: chance.one(sides),
    })),
  ];
  const runs = new Map<string, PlannedRun>();
  const add = (one: Drawn): void => {
    const run = planned({ seed, version: versions[runs.size % 2] ?? '3.5', ...one });
    runs.set(run.key, run);
  };
  for (const one of shuffled(drawn, chance)) add(one);
  while (runs.size < atLeast) add(killAt(chance.one(processes), chance.one(words)));
  return [...runs.values()];
}

/** Every fault at every kind of entry, on both sides of it, on both versions. */
export function allRuns(seed: number): PlannedRun[] {
  const kinds = Object.values(kindsByWord).flat<Kind[][]>();
  const runs = versions.flatMap((version) =>
    sides.flatMap((side) => [
      ...kinds.flatMap((kind) =>
        processes.flatMap((process) =>
          (process === 'etcd member' ? parts : (['changed'] as const)).map((which) =>
            planned({ seed, version, fault: kill(process, which), kind, side }),
          ),
        ),
      ),
      ...otherFaults.flatMap(({ fault, kinds: at }) =>
        at.map((kind) => planned({ seed, version, fault: fault(), kind, side })),
      ),
    ]),
  );
  return [...new Map(runs.map((run) => [run.key, run])).values()];
}

interface Drawn {
  fault: Fault;
  kind: Kind;
  side: Point['when'];
}

interface Wanted extends Drawn {
  seed: number;
  version: EtcdVersion;
}

function planned({ seed, version, fault, kind, side }: Wanted): PlannedRun {
  const key = `${version} ${fault.name} ${side} ${kind}`;
  const point: Point = { kind, when: side, share: seeded(seed, `${key}, which`).share() };
  return { key, seed, version, fault, point };
}

function shuffled<T>(of: readonly T[], chance: Chance): T[] {
  return of
    .map((one) => ({ one, at: chance.share() }))
    .sort((a, b) => a.at - b.at)
    .map(({ one }) => one);
}
