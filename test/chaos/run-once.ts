import { existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { endLab, type Lab, startLab } from '@etcd-rotate/lab';
import type { EntryBody, Outcome } from '@etcd-rotate/protocol';
import { AskedFor, awaitPoint } from './await-point.ts';
import { unmountUnder } from './disks.ts';
import { Downtimes } from './downtimes.ts';
import { keepEvidence } from './evidence.ts';
import { breachesOf, type Left } from './invariants.ts';
import { JournalTail } from './journal-tail.ts';
import { oldLeavesNotAs } from './old-leaves.ts';
import { Onlooker } from './onlooker.ts';
import { Operator } from './operator.ts';
import type { PlannedRun } from './planned-run.ts';
import { type Kind, kindOf, wordOf } from './point.ts';
import type { Scene } from './scene.ts';
import { type Chance, seeded } from './seeded.ts';
import { setOff } from './set-off.ts';
import { Stepping } from './stepping.ts';

export interface Ended {
  run: PlannedRun;
  breaches: string[];
  outcome: Outcome | undefined;
  /** Codes it was held for. */
  held: string[];
  failedWrites: number | undefined;
  /** From when what was struck was there again to the next entry. */
  secondsToCarryOn: number | undefined;
  /** Whether the entry was in the journal when the fault came. */
  landed: 'before' | 'after' | undefined;
  seconds: number;
  /** Where its journal, logs and states lie, when they were kept. */
  evidence?: string;
}

/** A rotation takes 11 s, a fault and what is done about it some more; past this a run has failed. */
const hardLimitMs = 180_000;

/** Starts a lab of its own, rotates it under load, lets one thing go wrong, and judges what it left. */
export async function runOnce(run: PlannedRun, keep: boolean): Promise<Ended> {
  const ended: Ended = {
    run,
    breaches: [],
    outcome: undefined,
    held: [],
    failedWrites: undefined,
    secondsToCarryOn: undefined,
    landed: undefined,
    seconds: 0,
  };
  try {
    await runInLab({ run, keep, ended });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    ended.breaches.push(`the lab could not be started or ended: ${message}`);
  }
  return ended;
}

async function runInLab({
  run,
  keep,
  ended,
}: {
  run: PlannedRun;
  keep: boolean;
  ended: Ended;
}): Promise<void> {
  const began = Date.now();
  const log: string[] = [];
  const say = (what: string): void => void log.push(`${new Date().toISOString()} ${what}`);
  const chance = seeded(run.seed, run.key);
  const limit = new AbortController();
  const folder = mkdtempSync(join(tmpdir(), 'etcd-rotate-lab-'));
  ours.add(folder);
  using _ours = { [Symbol.dispose]: () => void ours.delete(folder) };
  await using lab = await startLab({
    folder,
    members: 3,
    etcd: run.version,
    keys: 'ecdsa',
    oneCa: false,
    policy: run.fault.policy,
    ...run.fault.lab,
  });
  say(`etcd ${lab.etcdVersion} in ${lab.folder}`);
  const timer = setTimeout(() => limit.abort(), hardLimitMs);
  try {
    await using _disk = await run.fault.prepare?.(lab, chance);
    const left = await rotateWithFault({ run, lab, chance, say, signal: limit.signal, ended });
    ended.breaches = breachesOf(left);
  } catch (error) {
    const late = limit.signal.aborted ? `not over within ${hardLimitMs / 1000} s: ` : '';
    ended.breaches = [`${late}${error instanceof Error ? error.message : String(error)}`];
    say(error instanceof Error ? (error.stack ?? error.message) : String(error));
  } finally {
    clearTimeout(timer);
    limit.abort();
  }
  ended.seconds = (Date.now() - began) / 1000;
  if (keep || ended.breaches.length > 0) ended.evidence = keepEvidence(lab, run, [...log, ...ended.breaches]);
}

const ours = new Set<string>();

/** For somebody who is interrupted. */
export async function endLabsOfOurs(): Promise<void> {
  for (const folder of ours) {
    unmountUnder(folder);
    await endLab(folder);
  }
}

interface Parts {
  run: PlannedRun;
  lab: Lab;
  chance: Chance;
  say(what: string): void;
  signal: AbortSignal;
  ended: Ended;
}

async function rotateWithFault({ run, lab, chance, say, signal, ended }: Parts): Promise<Left> {
  using tail = new JournalTail(lab);
  await using onlooker = new Onlooker(lab);
  await using downtimes = new Downtimes(lab);
  const asked = new AskedFor();
  const over = new AbortController();
  const either = AbortSignal.any([signal, over.signal]);
  const operator = new Operator({
    lab,
    tail,
    asked,
    // Who waits for it to be resumed resumes it.
    back: run.point.kind === 'turned' || (run.point.kind !== 'resumed' && chance.share() < 0.25),
    say,
  });
  using stepping = new Stepping(lab.control.coordinator);
  const isStepped = run.point.when === 'before' && isWrittenAtOnce(run.point.kind) && !lab.layout.nats;
  const reaching = awaitPoint(run.point, { tail, asked, signal: either, ...(isStepped && { stepping }) });
  const settingOff = setOff(run.point.kind, { lab, tail, asked, operator, chance, say, signal: either });

  const struck = { at: Number.POSITIVE_INFINITY, revived: Number.POSITIVE_INFINITY };
  const striking = reaching.then(async (reached) => {
    if (reached.mayWait && run.point.when === 'before') await pause(chance.share() * waits(run.point.kind));
    tail.read();
    ended.landed = countOf(run.point.kind, tail) >= reached.number ? 'after' : 'before';
    struck.at = Date.now();
    say(`${run.point.when} ${run.point.kind} ${reached.number} ${reached.step ?? ''}: it is ${ended.landed}`);
    const scene: Scene = { lab, tail, chance, downtimes, step: reached.step, say };
    const strike = run.fault.strike(scene);
    // The first blow falls before anything is waited for.
    if (run.fault.name !== 'stop coordinator') stepping.thaw();
    struck.revived = (await strike).at;
    say('it is over');
  });
  const seeing = operator.seeThrough(signal).then(() => {
    // The last entry may be the point, and its fault is only just coming.
    setTimeout(() => over.abort(), 1_000).unref();
  });
  await Promise.all([within(signal, seeing), within(signal, striking), within(signal, settingOff)]);

  await within(signal, downtimes.settled());
  await within(signal, lab.control.ready());
  await within(signal, onlooker.lookOnce());
  // What came after a fault at the very end of the rotation is seen now.
  tail.read();
  const finished = bodies(tail).find(({ type }) => type === 'finished');
  ended.outcome = finished?.type === 'finished' ? finished.outcome : undefined;
  ended.held = operator.holds.map(({ failure }) => failure.code);
  const next = tail.entries.find(({ at }) => Date.parse(at) >= struck.revived);
  if (next) ended.secondsToCarryOn = (Date.parse(next.at) - struck.revived) / 1000;
  const oldLeaves = ended.outcome ? await oldLeavesNotAs(lab, ended.outcome) : [];
  const load = await within(signal, lab.load.stop());
  ended.failedWrites = load.writes.failed;
  for (const down of downtimes.all) say(`down: ${JSON.stringify(down)}`);
  return {
    fault: run.fault.name,
    struckAt: struck.at,
    journal: tail.text(),
    commanded: commandedIn(lab),
    outcome: ended.outcome,
    holds: operator.holds,
    ...onlooker.seen,
    downs: downtimes.all,
    load,
    epochs: epochsOf(lab),
    oldLeaves,
  };
}

/** How long before an entry that is waited for the fault may come: about as long as is waited for it. */
function waits(kind: Kind): number {
  if (kind === 'result change') return 1_200;
  return kind.startsWith('result ') ? 60 : 400;
}

function countOf(kind: Kind, { entries }: JournalTail): number {
  return entries.filter((entry) => kindOf(entry, entries) === kind).length;
}

/** By the loop that drives a rotation, as soon as the entry before is on disk; nobody is waited for. */
function isWrittenAtOnce(kind: Kind): boolean {
  return ['ca', 'sent', 'signed', 'held', 'finished'].includes(wordOf(kind));
}

function bodies({ entries }: JournalTail): EntryBody[] {
  return entries.map(({ body }) => body);
}

/** The epochs of the commands that each agent began, in the order in which it did. */
function commandedIn({ layout, control }: Lab): Record<string, number[]> {
  return Object.fromEntries(
    layout.members.map(({ name }) => {
      const lines = control.agent(name).log().split('\n');
      const begun = lines.filter((line) => line.includes('"begins"'));
      return [name, begun.map((line) => (JSON.parse(line) as { epoch: number }).epoch)];
    }),
  );
}

function epochsOf({ layout }: Lab): Record<string, number> {
  return Object.fromEntries(
    layout.members.map(({ name, agentState }) => {
      const file = join(agentState, 'epoch');
      return [name, existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0];
    }),
  );
}

/** Ends with the time of the run, whatever it waits for. */
function within<T>(signal: AbortSignal, what: Promise<T>): Promise<T> {
  return Promise.race([
    what,
    new Promise<never>((_, reject) => {
      const late = (): void => reject(new Error('out of time'));
      if (signal.aborted) late();
      signal.addEventListener('abort', late);
    }),
  ]);
}
