// npm run test:hostile: everything that somebody hostile could send, each by a real client with the least identity that
// could try, each beside the same thing as it should be, and after each a look at whether anything on a node changed.

import { writeFileSync } from 'node:fs';
import { endLab } from '@etcd-rotate/lab';
import type { Case, Scene } from './case.ts';
import { adopting } from './cases/adopting.ts';
import { canaries } from './cases/canaries.ts';
import { configuration } from './cases/configuration.ts';
import { hostileFiles } from './cases/files.ts';
import { forged } from './cases/forged.ts';
import { joining } from './cases/joining.ts';
import { lyingNats } from './cases/lying-nats.ts';
import { misaddressed } from './cases/misaddressed.ts';
import { nested } from './cases/nested.ts';
import { oldEpoch } from './cases/old-epoch.ts';
import { oversized } from './cases/oversized.ts';
import { readOnly } from './cases/read-only.ts';
import { replayed } from './cases/replayed.ts';
import { certificateRequests } from './cases/requests.ts';
import { othersSubjects } from './cases/subjects.ts';
import { truncated } from './cases/truncated.ts';
import { untimely } from './cases/untimely.ts';
import { type Flags, parseFlags, usage } from './flags.ts';
import type { Fuzzed } from './fuzz.ts';
import { fuzzBeside } from './fuzz-beside.ts';
import { changesBetween, photograph } from './photo.ts';
import { type Scanned, scanForSecrets } from './secret-scan.ts';
import { openStage, type Stage } from './stage.ts';
import { coverage, type Ended, heading, isRight, lineOf } from './table.ts';

/** By the class of their cases. */
const scenes: Record<string, Scene> = {
  forged,
  replayed,
  late: untimely,
  misaddressed,
  'old epoch': oldEpoch,
  truncated,
  oversized,
  'nested, odd JSON': nested,
  "others' subjects": othersSubjects,
  'files of etcd': hostileFiles,
  configuration,
  'adopted CAs': adopting,
  requests: certificateRequests,
  canaries,
  'lying NATS': lyingNats,
  'read-only': readOnly,
  joining,
};

// A lab's processes are no children of ours and outlive us: what runs is ended first.
let lab: string | undefined;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void (lab ? endLab(lab) : Promise.resolve()).finally(() => process.exit(130)));
}

const flags = parseFlags(process.argv.slice(2));
if ('wrong' in flags) {
  console.error(`${flags.wrong}\n\n${usage}`);
  process.exitCode = 2;
} else {
  process.exit((await runAll(flags)) ? 0 : 1);
}

async function runAll({ only, report, seed, fuzz: seconds }: Flags): Promise<boolean> {
  const isWhole = only.length === 0;
  const wants = (what: string): boolean => isWhole || only.includes(what);
  const tally = { passed: 0, failed: 0 };
  const count = (isRight: boolean): void => {
    tally[isRight ? 'passed' : 'failed'] += 1;
  };
  const fuzzed = wants('fuzz') && seconds > 0 ? fuzzBeside(seed, seconds) : undefined;
  {
    await using opened = new AsyncDisposableStack();
    const stage = await openStage(opened);
    lab = stage.lab.folder;
    console.log(heading());
    const ended = await runCases(stage, only);
    for (const one of ended) count(isRight(one));
    for (const line of coverage(ended, isWhole)) {
      console.log(line.text);
      if (line.isWrong) count(false);
    }
    if (wants('scan')) for (const one of await scanForSecrets(stage)) count(showScanned(one));
  }
  if (fuzzed !== undefined) {
    console.log(
      `\nfuzz: ${seconds} s, seed ${seed}; again: npm run test:hostile -- --only fuzz --seed ${seed}`,
    );
    for (const one of await fuzzed) count(showFuzzed(one));
  }
  if (tally.passed + tally.failed === 0) count(false);
  if (report !== undefined) {
    const numbers = { numPassedTests: tally.passed, numFailedTests: tally.failed };
    writeFileSync(report, JSON.stringify({ ...numbers, numPendingTests: 0, numTodoTests: 0 }));
  }
  console.log(`${tally.passed} passed, ${tally.failed} failed`);
  return tally.failed === 0;
}

function showScanned({ kind, places, bytes, found, planted, missed }: Scanned): boolean {
  const isRight = found.length === 0 && missed.length === 0;
  const size = `${places} places, ${(bytes / 1e6).toFixed(1)} MB`;
  console.log(
    `scan  ${kind.padEnd(26)} ${size.padEnd(28)} ${found.length} found  ${planted === 0 ? 'nothing planted' : missed.length === 0 ? `all of ${planted} planted found` : `${missed.length} planted missed`}${isRight ? '' : '  FAILED'}`,
  );
  for (const what of [...found, ...missed.map((one) => `missed: ${one}`)].slice(0, 20))
    console.log(`    ${what}`);
  return isRight;
}

function showFuzzed({ parser, runs, found }: Fuzzed): boolean {
  const isRight = found === undefined && runs > 0;
  console.log(`fuzz  ${parser.padEnd(36)} ${String(runs).padStart(8)} inputs${isRight ? '' : '  FAILED'}`);
  if (found !== undefined) console.log(`    ${found}`);
  return isRight;
}

async function runCases(stage: Stage, only: readonly string[]): Promise<Ended[]> {
  const ended: Ended[] = [];
  for (const scene of scenesFor(only)) {
    await using ofScene = new AsyncDisposableStack();
    const cases = await scene(stage, ofScene);
    const wanted = cases.filter((one) => isWanted(one, only));
    const tried = [];
    for (const one of wanted) {
      const attacked = await attack(one, stage);
      const control = one.controlLast ? undefined : await said(one.control);
      if (control !== undefined) show({ ...attacked, control });
      tried.push({ ...attacked, control });
    }
    for (const one of tried) {
      const end = { ...one, control: one.control ?? (await said(one.one.control)) };
      if (one.control === undefined) show(end);
      ended.push(end);
    }
  }
  return ended;
}

/** A scene is not opened for nothing: it may run a rotation. */
function scenesFor(only: readonly string[]): Scene[] {
  const named = Object.entries(scenes).filter(([name]) =>
    only.some((words) => name.startsWith(words.split(':')[0] ?? '')),
  );
  if (only.length > 0 && only.every((words) => words === 'fuzz' || words === 'scan')) return [];
  return named.length > 0 ? named.map(([, scene]) => scene) : Object.values(scenes);
}

function isWanted(one: Case, only: readonly string[]): boolean {
  return only.length === 0 || only.some((words) => `${one.class}: ${one.name}`.includes(words));
}

async function attack(one: Case, { lab }: Stage): Promise<Omit<Ended, 'control'>> {
  const before = photograph(lab);
  const began = performance.now();
  const got = await said(one.attack);
  const took = performance.now() - began;
  return { one, got, changed: changesBetween(before, photograph(lab), one), took };
}

function show(end: Ended): void {
  console.log(lineOf(end));
  if (end.control !== 'obeyed') console.log(`    the same thing as it should be: ${end.control}`);
  for (const what of end.changed) console.log(`    ${what}`);
}

/** A throw is nobody's refusal. */
async function said(what: () => Promise<string>): Promise<string> {
  try {
    return await what();
  } catch (error) {
    return `threw ${error instanceof Error ? error.message : String(error)}`;
  }
}
