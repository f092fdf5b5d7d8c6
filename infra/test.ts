// Runs everything that says whether this tree is sound, in the order that fails soonest, and ends with one line of
// counts: "N passed, N failed". A step that is not a test run (build, typecheck, lint) counts only when it fails.

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';

const reports = '.cache/test';
const isFull = process.argv.includes('--full');
const failures: string[] = [];
let passed = 0;
let failed = 0;
let skipped = 0;

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

for (const step of ['build', 'typecheck', 'lint']) {
  if (run(step, [])) continue;
  failed += 1;
  failures.push(step);
}

for (const suite of ['test:unit', 'test:properties', 'test:processes']) {
  const file = `${reports}/${suite.replace(':', '-')}.json`;
  const succeeded = run(suite, ['--reporter=default', '--reporter=json', `--outputFile=${file}`]);
  const report = readReport(file);
  passed += report.numPassedTests;
  skipped += report.numPendingTests + report.numTodoTests;
  // A file that does not even load, or a run that dies, fails no test and is a failure all the same.
  failed += succeeded ? 0 : Math.max(report.numFailedTests, 1);
  if (!succeeded) failures.push(suite);
}

// One fault a rotation, on real etcd: a sample of it, or all that one seed draws. And all that somebody hostile could send.
for (const [suite, args] of [
  ['test:chaos', isFull ? [] : ['--sample']],
  ['test:hostile', []],
] as const) {
  const file = `${reports}/${suite.replace(':', '-')}.json`;
  const succeeded = run(suite, [...args, '--report', file]);
  const report = readReport(file);
  passed += report.numPassedTests;
  skipped += report.numPendingTests;
  failed += succeeded ? 0 : Math.max(report.numFailedTests, 1);
  if (!succeeded) failures.push(suite);
}

// Longer than every change can wait for: every entry, every step, and whether the tests would notice if a rule were not
// there.
for (const suite of isFull ? ['test:restarts', 'test:roll-backs', 'test:mutations'] : []) {
  if (run(suite, [])) continue;
  failed += 1;
  failures.push(suite);
}

console.log();
if (failures.length > 0) console.log(`failed: ${failures.join(', ')}`);
if (skipped > 0) console.log(`${skipped} skipped`);
console.log(`${passed} passed, ${failed} failed`);
process.exitCode = failed === 0 ? 0 : 1;

function run(script: string, args: string[]): boolean {
  console.log(`\n# ${script}`);
  const { status } = spawnSync('npm', ['run', '--silent', script, '--', ...args], { stdio: 'inherit' });
  return status === 0;
}

interface Report {
  numPassedTests: number;
  numFailedTests: number;
  numPendingTests: number;
  numTodoTests: number;
}

function readReport(file: string): Report {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return { numPassedTests: 0, numFailedTests: 0, numPendingTests: 0, numTodoTests: 0 };
  }
}
