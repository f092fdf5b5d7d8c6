// Breaks every rule once, in a copy of the working tree, and says which test noticed. A rule that no test misses, and a row
// of the table whose text is not in the code any more, are failures.
//
//   npm run test:mutations                       all of them
//   npm run test:mutations -- etcd-rules 'a CRL' those of which file or rule has one of these texts

import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { judge, type Verdict } from './judge.ts';
import type { Mutation } from './mutation.ts';
import { runTests } from './run-tests.ts';
import { table } from './table/index.ts';
import { copyWorkTree } from './work-copy.ts';

const workers = 2;
const began = performance.now();
const root = join(import.meta.dirname, '..', '..');
const folder = mkdtempSync(join(tmpdir(), 'etcd-rotate-mutations-'));
process.on('exit', () => rmSync(folder, { recursive: true, force: true }));
process.on('SIGINT', () => process.exit(130));

const wanted = process.argv.slice(2);
const mutations = table.filter(
  ({ rule, file }) => wanted.length === 0 || wanted.some((words) => `${file}: ${rule}`.includes(words)),
);
const copies = Array.from({ length: workers }, (_, i) => join(folder, `${i}`));
for (const copy of copies) {
  mkdirSync(copy);
  copyWorkTree(root, copy);
}

if (await isSound()) {
  const verdicts = await judgeAll();
  const width = Math.min(90, Math.max(...mutations.map(({ rule }) => rule.length)));
  console.log(`${'rule'.padEnd(width)} | killed by`);
  for (const mutation of mutations) console.log(lineFor(mutation, verdicts.get(mutation), width));
  const survivors = [...verdicts.values()].filter((verdict) => 'survives' in verdict);
  const seconds = Math.round((performance.now() - began) / 1000);
  console.log(`\n${mutations.length} mutations, ${survivors.length} survived, ${seconds} s`);
  process.exitCode = survivors.length === 0 && mutations.length > 0 ? 0 : 1;
} else process.exitCode = 1;

/** Where a test fails without any mutation, no test says anything about one. */
async function isSound(): Promise<boolean> {
  const [copy = ''] = copies;
  // Of an app the tests beside the file: others of it start whole programs.
  const looked = mutations.map(({ file }) =>
    file.startsWith('packages/') ? `${file.split('/').slice(0, 3).join('/')}/` : file.replace(/ts$/, ''),
  );
  const paths = [...new Set(looked), 'test/verdicts.'];
  const { failed, broken, endless } = await runTests(copy, paths);
  if (endless) console.log('without any mutation the tests do not end');
  for (const one of [...failed, ...broken]) console.log(`fails without any mutation: ${one}`);
  return failed.length + broken.length === 0 && !endless;
}

async function judgeAll(): Promise<Map<Mutation, Verdict>> {
  const verdicts = new Map<Mutation, Verdict>();
  const waiting = [...mutations];
  const work = async (copy: string): Promise<void> => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      verdicts.set(next, await judge(copy, next));
      progress(`${verdicts.size} of ${mutations.length}`);
    }
  };
  await Promise.all(copies.map(work));
  progress('');
  return verdicts;
}

/** For somebody who waits at a terminal. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r${text.padEnd(20)}\r`);
}

function lineFor({ rule, file }: Mutation, verdict: Verdict | undefined, width: number): string {
  if (verdict && 'killedBy' in verdict) return `${rule.padEnd(width)} | ${verdict.killedBy}`;
  return `${rule.padEnd(width)} | SURVIVES (${file}): ${verdict?.survives ?? 'not judged'}`;
}
