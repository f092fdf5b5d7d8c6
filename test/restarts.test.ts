import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Entry } from '@etcd-rotate/protocol';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aStage, beginnings } from './restarts/cases.ts';
import { described, faultsAtEntries, faultsWhileObeying, inRuns, type Kind } from './restarts/faults.ts';
import { wrongWith } from './restarts/judge.ts';
import { Nats } from './restarts/nats.ts';
import { entriesOf } from './restarts/points.ts';
import { type End, type Fault, play } from './restarts/stage.ts';

// Every process of ours is killed at every entry of a rotation, and at every moment of every command. Runner, journal,
// bus, nats-server and the memory of the agents are real; their hands are in a simulated cluster.
//
//   FAULTS=all     every place and every process, instead of some drawn ones
//   SEED=...       other ones
//   ONLY='...'     the faults that are named like that, each alone

const seed = Number(process.env.SEED ?? 20261124);
const all = process.env.FAULTS === 'all';
const only = process.env.ONLY;
/** Of each kind, where not all are run. */
const drawn = 2;

let folder: string;
let nats: Nats;
beforeAll(async () => {
  // In memory where that is possible: what is tested is what is written and when, not the disk.
  folder = mkdtempSync(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'etcd-rotate-restarts-'));
  nats = await Nats.start(folder, aStage().nodes);
});
afterAll(async () => {
  await nats.stop();
  rmSync(folder, { recursive: true });
});

async function run(name: string, faults: readonly Fault[]): Promise<End & { entries: Entry[] }> {
  const own = mkdtempSync(join(folder, 'run-'));
  try {
    const end = await play({ folder: own, nats, begun: beginningOf(name), faults });
    const lines = readFileSync(join(own, 'coordinator', 'journal.jsonl'), 'utf8')
      .trimEnd()
      .split('\n');
    return { ...end, entries: lines.map((line) => Entry.parse(JSON.parse(line))) };
  } finally {
    rmSync(own, { recursive: true });
  }
}

function beginningOf(name: string) {
  const begin = beginnings[name];
  if (!begin) throw new Error(`there is no ${name}`);
  return begin();
}

test.each(Object.keys(beginnings))(
  'a rotation ends as if nothing had been whoever is killed at any entry: %s',
  { timeout: 3_600_000 },
  async (name) => {
    const undisturbed = await run(name, []);
    expect(wrongWith(undisturbed, undisturbed)).toEqual([]);
    const kinds = kindsOf(undisturbed);
    const todo = only
      ? named(kinds, only)
      : all
        ? kinds.flatMap(({ faults }) => inRuns(faults))
        : sample(kinds, undisturbed);
    const begun = performance.now();
    let fired = 0;
    let runs = 0;
    const wrong: string[] = [];
    // Faults that another one of their run has made impossible are run alone.
    for (const faults of todo) {
      const end = await run(name, faults);
      runs += 1;
      fired += end.fired.length;
      const missed = faults.filter((fault) => !end.fired.includes(fault));
      if (faults.length > 1) todo.push(...missed.map((fault) => [fault]));
      else if (missed.length > 0) wrong.push(`${missed.map(described)} was never reached`);
      const found = wrongWith(end, undisturbed);
      if (found.length === 0) continue;
      wrong.push(`${faults.map(described).join('; ')}:\n  ${found.join('\n  ')}`);
      // Which of them it was.
      if (faults.length > 1 && wrong.length < 5) todo.push(...faults.map((fault) => [fault]));
    }
    const seconds = Math.round((performance.now() - begun) / 1000);
    console.log(
      `${name}: ${undisturbed.entries.length} entries, ${fired} faults in ${runs} runs, seed ${seed}, ${seconds} s`,
    );
    expect(wrong, `SEED=${seed}, or ONLY='…' for one of them`).toEqual([]);
  },
);

function kindsOf({ entries, reached }: End & { entries: Entry[] }): Kind[] {
  const nodes = new Map(
    entries.flatMap(({ body }): [string, string][] =>
      body.type === 'sent' ? [[`${body.step} ${body.command.body.type}`, body.command.node]] : [],
    ),
  );
  // What was before the first start of these processes, none of them has written.
  const written = entriesOf(entries).filter(({ name }) => reached.includes(`after ${name}`));
  return [
    ...faultsAtEntries(written, aStage().nodes),
    faultsWhileObeying(reached, (point) => nodes.get(point.split(' ').slice(0, 2).join(' '))),
  ];
}

function sample(kinds: readonly Kind[], { reached }: End): Fault[][] {
  const some = kinds.flatMap(({ faults }, i) =>
    fc.sample(fc.shuffledSubarray(faults, { minLength: drawn, maxLength: drawn }), {
      seed: seed + i,
      numRuns: 1,
    }),
  );
  const order = new Map(reached.map((point, i) => [point, i]));
  return inRuns(some.flat().sort((a, b) => (order.get(a.at) ?? 0) - (order.get(b.at) ?? 0)));
}

function named(kinds: readonly Kind[], text: string): Fault[][] {
  const faults = kinds.flatMap(({ name, faults: ofKind }) =>
    ofKind.filter((fault) => described(fault) === text || name.includes(text)),
  );
  return faults.map((fault) => [fault]);
}
