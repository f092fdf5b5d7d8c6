// npm run test:chaos: rotations under load on real etcd, each with one fault at one point. See flags.ts.

import { writeFileSync } from 'node:fs';
import { canCut } from './cut.ts';
import { canMount } from './disks.ts';
import { allRuns, drawRuns } from './draw-runs.ts';
import { type Flags, parseFlags, usage } from './flags.ts';
import type { PlannedRun } from './planned-run.ts';
import { type Ended, endLabsOfOurs, runOnce } from './run-once.ts';
import { coverage, heading, lineOf, notMet } from './table.ts';

// A lab's processes are no children of ours and outlive us: what runs is ended first.
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void endLabsOfOurs().finally(() => process.exit(130)));
}

const flags = parseFlags(process.argv.slice(2));
if ('wrong' in flags) {
  console.error(`${flags.wrong}\n\n${usage}`);
  process.exitCode = 2;
} else {
  const ended = await runAll(flags);
  process.exit(ended ? 0 : 1);
}

async function runAll({ seed, only, all, minutes, keep, report }: Flags): Promise<boolean> {
  const wanted = only.length > 0 ? namedBy(only, seed) : all ? allRuns(seed) : drawRuns(seed);
  const [mounts, cuts] = [canMount(), canCut()];
  const leftOut = wanted.filter(({ fault: { name } }) => (isOfDisk(name) ? !mounts : isCut(name) && !cuts));
  const runs = wanted.filter((run) => !leftOut.includes(run));
  const began = Date.now();
  console.log(
    `${runs.length} runs, seed ${seed}; one alone: npm run test:chaos -- --seed ${seed} --only 'KEY'\n`,
  );
  console.log(heading());
  const ended: Ended[] = [];
  for (const run of runs) {
    if (minutes !== undefined && Date.now() - began > minutes * 60_000) break;
    const one = await runOnce(run, keep);
    ended.push(one);
    console.log(lineOf(one));
    for (const breach of one.breaches) console.log(`    ${breach.slice(0, 1_000)}`);
    if (one.evidence) console.log(`    all of it: ${one.evidence}`);
  }
  const failed = ended.filter(({ breaches }) => breaches.length > 0).length;
  console.log(`\n${coverage(ended)}`);
  const missing = notMet(ended);
  const isWhole = only.length === 0 && minutes === undefined;
  if (isWhole && missing.length > 0) console.log(`not met: ${missing.join(', ')}`);
  if (leftOut.length > 0) {
    console.log(`${leftOut.length} left out, since this machine lets us mount no disk or cut no route:`);
    for (const { key } of leftOut) console.log(`    ${key}`);
  }
  const counts = { passed: ended.length - failed, failed: failed + (isWhole && missing.length > 0 ? 1 : 0) };
  if (ended.length === 0) counts.failed += 1;
  if (report) {
    const numbers = { numPassedTests: counts.passed, numFailedTests: counts.failed };
    writeFileSync(report, JSON.stringify({ ...numbers, numPendingTests: leftOut.length, numTodoTests: 0 }));
  }
  console.log(`${counts.passed} passed, ${counts.failed} failed`);
  return counts.failed === 0;
}

function namedBy(only: readonly string[], seed: number): PlannedRun[] {
  const runs = allRuns(seed);
  const exact = runs.filter(({ key }) => only.includes(key));
  return exact.length > 0 ? exact : runs.filter(({ key }) => only.some((words) => key.includes(words)));
}

function isOfDisk(fault: string): boolean {
  return fault.startsWith('full disk') || fault.startsWith('read-only');
}

function isCut(fault: string): boolean {
  return fault.startsWith('cut ');
}
