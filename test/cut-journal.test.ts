import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fail } from '@etcd-rotate/protocol';
import {
  aRequest,
  type Cluster,
  type FakePorts,
  FakeSigner,
  fakePorts,
  replay,
  startRotation,
  unwrap,
} from '@etcd-rotate/testing';
import { afterAll, expect, test } from 'vitest';
import { type Journal, openFileJournal } from '../packages/journal/src/index.ts';
import { runRotation } from '../packages/runner/src/index.ts';
import { aStage } from './restarts/cases.ts';
import { endState } from './restarts/end-state.ts';

/** Where in the next line the cut is, drawn from this: `SEED=...` for others. */
const seed = Number(process.env.SEED ?? 20_261_124);
/** `FAULTS=all`: after every line, instead of every so many. */
const every = process.env.FAULTS === 'all' ? 1 : 16;

const requests = {
  staged: aRequest(),
  'when-needed': aRequest({ restarts: 'when-needed' }),
  renew: aRequest({ strategy: 'renew' }),
};
type Name = keyof typeof requests;

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

interface Place {
  folder: string;
  cluster: Cluster;
  ports: FakePorts;
}

/** A cluster with a rotation that is about to begin, and the folder of its coordinator's journal. */
async function aPlace(): Promise<Place> {
  const cluster = aStage();
  const folder = await mkdtemp(join(tmpdir(), 'etcd-rotate-cut-'));
  folders.push(folder);
  return { folder, cluster, ports: await fakePorts(cluster, { signer: new FakeSigner('ca1') }) };
}

async function journalOf({ folder, cluster }: Place, torn: number[] = []): Promise<Journal> {
  const onTornLine = ({ line }: { line: number }) => torn.push(line);
  return unwrap(await openFileJournal(folder, { now: cluster.clock.now, onTornLine }));
}

/** The rotation from its start, until its journal has so many entries; the disk is full then. */
async function runUntil(place: Place, name: Name, last: number): Promise<void> {
  await using journal = await journalOf(place);
  const { cluster, ports } = place;
  const rotation = await startRotation(cluster, { ...ports, journal }, requests[name]);
  const full = fail('internal', 'no space left on the disk', 'make room', true);
  const append: Journal['append'] = async (body) => (journal.last() < last ? journal.append(body) : full);
  const cut = {
    ...ports,
    epoch: () => journal.epoch,
    journal: { append, entries: (after: number) => journal.entries(after) },
  };
  await runRotation(rotation, cut, new AbortController().signal);
}

async function goOn(place: Place, journal: Journal) {
  const ports = { ...place.ports, epoch: () => journal.epoch, journal };
  return runRotation(replay(journal.entries()), ports, new AbortController().signal);
}

test.each(Object.keys(requests) as Name[])(
  'a journal cut anywhere in any line is gone on with to the end of the uncut one: %s',
  { timeout: 600_000 },
  async (name) => {
    const whole = await aPlace();
    await runUntil(whole, name, Number.POSITIVE_INFINITY);
    const file = await readFile(join(whole.folder, 'journal.jsonl'));
    const lines = file.toString().trimEnd().split('\n');
    const uncut = { state: endState(whole.cluster), restarts: whole.cluster.restarts };
    for (let last = 1 + (seed % every); last < lines.length; last += every) {
      const place = await aPlace();
      await runUntil(place, name, last);
      const path = join(place.folder, 'journal.jsonl');
      // What was written is the same up to there, so that the next line of the whole one is what was being written.
      expect((await readFile(path)).toString()).toBe(`${lines.slice(0, last).join('\n')}\n`);
      const next = lines[last] ?? '';
      const half = next.slice(0, 1 + ((seed * (last + 1)) % (next.length - 1)));
      await writeFile(path, half, { flag: 'a' });
      // One node more obeys, and nobody hears of it.
      place.cluster.clock.step(new Date(place.cluster.clock.now().getTime() + 1000));
      const torn: number[] = [];
      await using journal = await journalOf(place, torn);
      expect([torn, journal.last()]).toEqual([[last + 1], last]);
      const { rotation, failure } = await goOn(place, journal);
      expect(failure).toBeUndefined();
      expect(rotation.state, `cut after entry ${last}`).toMatchObject({
        status: 'finished',
        outcome: 'rotated',
      });
      expect(
        { state: endState(place.cluster), restarts: place.cluster.restarts },
        `cut after entry ${last}`,
      ).toEqual(uncut);
      expect(place.cluster.strangers()).toEqual([]);
    }
    console.log(`${name}: ${file.length} bytes, ${lines.length} lines, cut in every ${every}, seed ${seed}`);
  },
);
