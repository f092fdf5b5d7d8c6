import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { startLab } from '@etcd-rotate/lab';
import { afterAll, beforeAll, expect, test } from 'vitest';

let lab: Awaited<ReturnType<typeof startLab>>;
beforeAll(async () => {
  lab = await startLab({ members: 3, etcd: '3.5', keys: 'ecdsa', oneCa: false, load: false });
});
afterAll(() => lab[Symbol.asyncDispose]());

test('without a terminal and without --yes it asks nobody and ends with 2', async () => {
  const run = await lab.rotate(['--cluster', 'demo']);
  expect(run.code).toBe(2);
  expect(run.stderr).toContain('--yes');
});

test('a wrong option ends with 2 and names it', async () => {
  const run = await lab.rotate(['--strategy', 'quick']);
  expect(run.code).toBe(2);
  expect(run.stderr).toContain('staged');
});

test('an unknown cluster is refused and the known ones are named', async () => {
  const run = await lab.rotate(['--cluster', 'prod', '--dry-run']);
  expect(run.code).toBe(3);
  expect(run.stderr).toContain('it has: demo');
});

test('an unknown CA is refused', async () => {
  const run = await lab.rotate(['--cluster', 'demo', '--dry-run', '--ca', 'client=nobody']);
  expect(run.code).toBe(3);
  expect(run.stderr).toContain('unknown-ca');
});

test('the cluster need not be named where the fleet has one', async () => {
  const run = await lab.rotate(['--dry-run', '--json']);
  expect(JSON.parse(run.stdout)).toMatchObject({ ok: true, plan: { cluster: 'demo' } });
});

test('status says who answers and that nothing was rotated yet', async () => {
  const run = await lab.rotate(['status']);
  expect(run.code).toBe(0);
  expect(run.stdout).toContain('m3 answers');
  expect(run.stdout).toContain('no rotation yet');
});

test('resume and abandon refuse a rotation that is not there', async () => {
  for (const verb of ['resume', 'abandon']) {
    const run = await lab.rotate([verb, 'demo-1']);
    expect(run.code).toBe(3);
    expect(run.stderr).toContain('unknown-rotation');
  }
});

test('an identity that others can read is refused', async () => {
  chmodSync(lab.layout.operator, 0o644);
  const run = await lab.rotate(['status']);
  chmodSync(lab.layout.operator, 0o600);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain('chmod 600');
});

test('every file with a wrong field is refused with file, field and what was expected', () => {
  const { coordinator } = lab.layout;
  const wrong = join(lab.folder, 'wrong.yaml');
  const cases: [string, string, RegExp][] = [
    [
      'coordinator',
      readFileSync(coordinator.file, 'utf8').replace('version: 1', 'version: 2'),
      /wrong\.yaml: version: .*1/,
    ],
    ['coordinator', 'version: 1\n  fleet: [', /wrong\.yaml: .*line \d/],
    ['agent', 'version: 1\nnode: M1\n', /wrong\.yaml: node: a name: lower-case/],
    ['agent', 'version: 1\nnode: m1\nmembers:\n  - { name: m1 }\n', /members\[0\]\.cluster/],
    ['agent', 'version: 1\nnode: m1\nsurprise: 1\n', /surprise/],
  ];
  for (const [app, text, expected] of cases) {
    writeFileSync(wrong, text);
    const said = failing(app, ['--config', wrong]);
    expect(said).toMatch(expected);
    expect(said).toContain('(bad-file)');
  }
});

test('a second coordinator on the same state folder is refused', () => {
  const said = failing('coordinator', ['--config', lab.layout.coordinator.file]);
  expect(said).toContain('state-locked');
});

test('the built programs run on Node 22', () => {
  const node22 = resolve(import.meta.dirname, `node_modules/node22-${process.arch}/bin/node`);
  for (const [app, file] of programs) {
    const said = execFileSync(node22, [resolve('apps', app, 'dist', file), '--version'], {
      encoding: 'utf8',
    });
    expect(said).toMatch(/^\d+\.\d+\.\d+\n$/);
  }
  const [, , [, rotate = ''] = []] = programs;
  const args = [
    resolve('apps/rotate/dist', rotate),
    '--identity',
    lab.layout.operator,
    '--dry-run',
    '--cluster',
    'demo',
  ];
  expect(execFileSync(node22, args, { encoding: 'utf8' })).toContain('9 restarts of etcd');
});

test('nobody answers: NATS away is said with its address', async () => {
  await lab.control.coordinator.stop();
  const run = await lab.rotate(['status']);
  expect(run.code).toBe(1);
  expect(run.stderr).toContain('nats-away');
  expect(run.stderr).toContain(lab.layout.coordinator.listen);
});

const programs = [
  ['coordinator', 'etcd-rotate-coordinator.mjs'],
  ['agent', 'etcd-rotate-agent.mjs'],
  ['rotate', 'rotate.mjs'],
] as const;

function failing(app: string, args: string[]): string {
  const file = programs.find(([name]) => name === app)?.[1] ?? '';
  try {
    execFileSync(process.execPath, [resolve('apps', app, 'dist', file), ...args], {
      stdio: 'pipe',
      timeout: 20_000,
    });
  } catch (error) {
    return (error as { stderr: Buffer }).stderr.toString();
  }
  throw new Error(`${app} ${args.join(' ')} did not fail`);
}
