import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Mutation, mutated, notApplicable } from './mutation.ts';
import { runTests } from './run-tests.ts';

export type Verdict = { killedBy: string } | { survives: string };

/** Breaks a rule in a copy, lets the tests look for it, and mends it again. */
export async function judge(copy: string, mutation: Mutation): Promise<Verdict> {
  const path = join(copy, mutation.file);
  if (!existsSync(path)) return { survives: 'there is no such file' };
  const source = readFileSync(path, 'utf8');
  const why = notApplicable(mutation, source);
  if (why !== undefined) return { survives: why };
  writeFileSync(path, mutated(mutation, source));
  try {
    return await lookedFor(copy, mutation.file);
  } finally {
    writeFileSync(path, source);
  }
}

/**
 * First by the tests beside the file, which are quick, then by all of its package; what pki says is held against what etcd
 * and OpenSSL said as well.
 */
async function lookedFor(copy: string, file: string): Promise<Verdict> {
  const [, folder = '', name = ''] = /^(.*\/)([^/]+)\.ts$/.exec(file) ?? [];
  const near = [name, ...(quickFor.find(([files]) => files.test(file))?.[1] ?? [])].map(
    (begin) => `${folder}${begin}`,
  );
  const [all = folder] = /^packages\/[^/]+\/src\//.exec(file) ?? [];
  const isPki = file.startsWith('packages/pki/');
  const rounds = [near, ...(isPki ? [['test/verdicts.']] : []), [all]];
  for (const paths of rounds) {
    const { failed, broken, passed, endless } = await runTests(copy, paths);
    if (endless) return { killedBy: `${paths} never ends` };
    if (failed[0]) return { killedBy: failed[0] };
    // Code that does not even load was not found by a test.
    if (broken[0]) return { survives: `no test ran: ${broken[0]}` };
    if (passed === 0 && paths !== near) return { survives: `no test ran in ${paths}` };
  }
  return { survives: 'no test notices' };
}

/** How the names of those tests begin that look at a file first of all, beside those that are called like it. */
const quickFor: readonly [files: RegExp, tests: string[]][] = [
  [/\/checks\//, ['preflight', 'more']],
  [/\/(steps|domains|estimate|leaves|prove-plan)\.ts$/, ['plan', 'strategies']],
  [/\/(trust|world|etcd-rules)\.ts$/, ['handshakes']],
  [/\/(installed|groups)\.ts$/, ['planned', 'next-move']],
  [
    /\/(accepts|fault-in|find-paths|openssl-path|name-constraints|key-fault|may-issue)\.ts$/,
    ['accepts', 'odd-'],
  ],
  [/\/host-accepted\.ts$/, ['odd-']],
  [/\/may-sign\.ts$/, ['signer']],
];
