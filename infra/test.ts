// Runs everything that says whether this tree is sound, in the order that fails soonest, and ends with how long each took
// and one line of counts: "N passed, N failed". A step that is not a test run (build, typecheck, lint) counts only when it
// fails.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync } from 'node:fs';

interface Step {
  /** Of package.json. */
  script: string;
  args?: string[];
  /** How it is told where its counts go; without it, it counts only when it fails. */
  report?: (file: string) => string[];
  environment?: Record<string, string>;
}

interface Ended {
  script: string;
  seconds: number;
  passed: number;
  failed: number;
  skipped: number;
  /** Why what was skipped was. */
  why?: string;
}

const reports = '.cache/test';
const isFull = process.argv.includes('--full');
/** No container engine, and none may be installed: infra/engine.sh has said so. */
const unavailable = 69;

const vitest = (file: string): string[] => ['--reporter=default', '--reporter=json', `--outputFile=${file}`];
const ours = (file: string): string[] => ['--report', file];

/** One after the other; what stands together runs side by side, since it waits for more than it computes. */
const steps: Step[][] = [
  [{ script: 'build' }, { script: 'typecheck' }, { script: 'lint' }],
  [{ script: 'test:unit', report: vitest }],
  [{ script: 'test:properties', report: vitest }],
  // A sample of versions, strategies and ways, or all of them.
  [{ script: isFull ? 'test:every-case' : 'test:processes', report: vitest }],
  [
    // One fault a rotation, on real etcd: a sample of it, or all that one seed draws. And all that somebody hostile could send.
    { script: 'test:chaos', args: isFull ? [] : ['--sample'], report: ours },
    { script: 'test:hostile', report: ours },
  ],
  // Rotations on machines: a sample, or every etcd and everything that can happen to a machine.
  [
    {
      script: 'test:containers',
      report: vitest,
      environment: {
        ...(isFull && { NODES: 'all' }),
        ...(process.argv.includes('--no-install') && { NO_INSTALL: '1' }),
      },
    },
  ],
  // Longer than every change can wait for: every entry, every step, and whether the tests would notice if a rule were not there.
  ...(isFull ? ['test:restarts', 'test:roll-backs', 'test:mutations'].map((script) => [{ script }]) : []),
];

rmSync(reports, { recursive: true, force: true });
mkdirSync(reports, { recursive: true });

const ended: Ended[] = [];
for (const together of steps) ended.push(...(await sideBySide(together)));

const sumOf = (what: 'passed' | 'failed' | 'skipped'): number =>
  ended.reduce((sum, one) => sum + one[what], 0);
const failures = ended.filter(({ failed }) => failed > 0).map(({ script }) => script);
console.log();
for (const { script, seconds, passed, failed } of ended) {
  const counts = passed + failed > 0 ? `${passed} passed, ${failed} failed` : '';
  console.log(`${String(Math.round(seconds)).padStart(6)} s  ${script.padEnd(16)} ${counts}`.trimEnd());
}
console.log();
if (!isFull) {
  console.log('of test:processes, test:chaos and test:containers a sample; all of them: npm run test:full');
}
if (failures.length > 0) console.log(`failed: ${failures.join(', ')}`);
for (const { script, skipped, why } of ended) {
  if (why !== undefined) console.log(`skipped: ${script} with ${skipped} tests: ${why}`);
}
const skipped = sumOf('skipped') > 0 ? `, ${sumOf('skipped')} skipped` : '';
console.log(`${sumOf('passed')} passed, ${sumOf('failed')} failed${skipped}`);
process.exitCode = sumOf('failed') === 0 ? 0 : 1;

/** The first one's output is shown as it comes, that of each other once it has ended and what stands before it was shown. */
async function sideBySide(together: readonly Step[]): Promise<Ended[]> {
  const running = together.map((step, index) => start(step, index === 0));
  const all: Ended[] = [];
  for (const [index, { script }] of together.entries()) {
    if (index === 0) console.log(`\n# ${script}`);
    const one = await running[index];
    if (!one) continue;
    if (index > 0) process.stdout.write(`\n# ${script}\n${one.output}`);
    console.log(`# ${script}: ${Math.round(one.ended.seconds)} s`);
    all.push(one.ended);
  }
  return all;
}

async function start(
  { script, args = [], report, environment = {} }: Step,
  isShown: boolean,
): Promise<{ ended: Ended; output: string }> {
  const began = performance.now();
  const file = `${reports}/${script.replace(':', '-')}.json`;
  const command = ['run', '--silent', script, '--', ...args, ...(report?.(file) ?? [])];
  const child = spawn('npm', command, {
    stdio: isShown ? 'inherit' : ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...environment },
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream?.setEncoding('utf8').on('data', (text: string) => (output += text));
  const [code] = (await once(child, 'close')) as [number | null];
  const seconds = (performance.now() - began) / 1000;
  if (code === unavailable) {
    const why = readFileSync('.cache/engine/missing', 'utf8').trim();
    const ended = { script, seconds, passed: 0, failed: 0, skipped: countContainerTests(), why };
    return { ended, output };
  }
  const counted = report ? readReport(file) : undefined;
  return {
    ended: {
      script,
      seconds,
      passed: counted?.numPassedTests ?? 0,
      // A file that does not even load, or a run that dies, fails no test and is a failure all the same.
      failed: code === 0 ? 0 : Math.max(counted?.numFailedTests ?? 0, 1),
      skipped: (counted?.numPendingTests ?? 0) + (counted?.numTodoTests ?? 0),
    },
    output,
  };
}

/** Listing them starts nothing. */
function countContainerTests(): number {
  const { stdout } = spawnSync('vitest', ['list', '--project', 'containers', '--json'], { encoding: 'utf8' });
  return (JSON.parse(stdout) as unknown[]).length;
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
