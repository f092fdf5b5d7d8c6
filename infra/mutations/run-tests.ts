import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

export interface Ran {
  passed: number;
  /** `file: name of the test`, as far as it came. */
  failed: string[];
  /** What made a file fail that failed in no test, as code that cannot be loaded. */
  broken: string[];
  /** It was ended: a loop that never ends is what a mutation may well make of a loop. */
  endless: boolean;
}

/** Runs the tests of a copy whose path begins so, until one fails. */
export async function runTests(copy: string, paths: readonly string[]): Promise<Ran> {
  const report = join(copy, 'report.json');
  rmSync(report, { force: true });
  const vitest = join(copy, 'node_modules', 'vitest', 'vitest.mjs');
  const projects = ['--project', 'unit', '--project', 'processes'];
  const reporter = ['--reporter=json', `--outputFile=${report}`];
  const child = spawn(process.execPath, [vitest, 'run', ...projects, ...paths, '--bail=1', ...reporter], {
    cwd: copy,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, CI: 'true' },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (text) => (said += text));
  let endless = false;
  const late = setTimeout(() => {
    endless = true;
    child.kill('SIGKILL');
  }, patienceMs);
  await once(child, 'close');
  clearTimeout(late);
  if (endless) return { passed: 0, failed: [], broken: [], endless };
  if (!existsSync(report)) return { passed: 0, failed: [], broken: [said.trim().slice(-400)], endless };
  return readReport(copy, JSON.parse(readFileSync(report, 'utf8')));
}

const patienceMs = 30_000;

/** The part of vitest's JSON report that is read here. */
interface Report {
  numPassedTests: number;
  testResults: {
    name: string;
    status: string;
    message: string;
    assertionResults: { status: string; fullName: string }[];
  }[];
}

function readReport(copy: string, { numPassedTests, testResults }: Report): Ran {
  const failed = testResults.flatMap(({ name, assertionResults }) =>
    assertionResults
      .filter(({ status }) => status === 'failed')
      .map(({ fullName }) => `${name.replace(`${copy}/`, '')}: ${fullName}`),
  );
  const broken = testResults
    .filter(
      ({ status, assertionResults }) =>
        status === 'failed' && assertionResults.every((one) => one.status !== 'failed'),
    )
    .map(({ name, message }) => `${name.replace(`${copy}/`, '')}: ${message.split('\n')[0]}`);
  return { passed: numPassedTests, failed, broken, endless: false };
}
