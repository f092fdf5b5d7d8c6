import { createHash } from 'node:crypto';
import { lstatSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { type KeyPair, type Lab, startLab } from '@etcd-rotate/lab';
import { type Entry, Secret } from '@etcd-rotate/protocol';
import { openSigner } from '@etcd-rotate/signer';
import { expect, test } from 'vitest';
import { testInFull } from './every-case.ts';
import { entriesOf, lastLine, nobodyLost } from './reading.ts';

test('rotates both CAs with exactly nine restarts, and back, without a failed or lost write (3.5, RSA)', async () => {
  await using lab = await startLab({ members: 3, etcd: '3.5', keys: 'rsa', oneCa: false, control: true });
  const first = await lab.presents();
  await adoptFirstCas(lab);

  const forwards = await lab.rotate(['--cluster', 'demo', '--yes', '--json']);
  expect(forwards.stderr).toBe('');
  expect(lastLine(forwards)).toMatchObject({ outcome: 'rotated', restarts: 9 });
  expect(restartsOf(lab)).toBe(9);
  const second = await lab.presents();
  expect(second.map(({ issuer }) => issuer)).not.toEqual(first.map(({ issuer }) => issuer));
  await expectOldLeaves(lab, 'refused');

  const back = await lab.rotate([
    '--cluster',
    'demo',
    '--yes',
    '--json',
    '--ca',
    'client=first-client',
    '--ca',
    'peer=first-peer',
  ]);
  expect(lastLine(back)).toMatchObject({ outcome: 'rotated', restarts: 9 });
  expect((await lab.presents()).map(({ issuer }) => issuer)).toEqual(first.map(({ issuer }) => issuer));
  await expectOldLeaves(lab, 'accepted');

  nobodyLost(await lab.load.stop());
});

testInFull('rotates a cluster with one ECDSA CA for both domains to one new CA (3.4)', async () => {
  await using lab = await startLab({ members: 3, etcd: '3.4', keys: 'ecdsa', oneCa: true });

  const run = await lab.rotate(['--cluster', 'demo', '--yes', '--json']);
  expect(lastLine(run)).toMatchObject({ outcome: 'rotated', restarts: 9 });
  const issuers = new Set((await lab.presents()).map(({ issuer }) => issuer));
  expect(issuers.size).toBe(1);
  const keys = lab.slotFiles().flatMap(({ key }) => (key ? [readFileSync(key, 'utf8')] : []));
  expect(keys.length).toBeGreaterThan(0);
  await expectOldLeaves(lab, 'refused');
  nobodyLost(await lab.load.stop());
});

test('runs exactly the plan that was shown', async () => {
  await using lab = await startLab({ members: 3, etcd: '3.4', keys: 'ecdsa', oneCa: false, load: false });
  const shown = await lab.rotate(['--cluster', 'demo', '--dry-run', '--json']);
  const { plan } = JSON.parse(shown.stdout) as {
    plan: { digest: string; steps: { id: string; group: number }[] };
  };

  await lab.rotate(['--cluster', 'demo', '--yes', '--json']);
  const entries = await entriesOf(lab);
  const started = entries.find(({ body }) => body.type === 'started')?.body;
  expect(started).toMatchObject({ plan: { digest: plan.digest } });
  const begun = stepsBegun(entries);
  expect([...begun].sort()).toEqual(plan.steps.map(({ id }) => id).sort());
  // Those of one group may begin in any order.
  const groups = begun.map((id) => plan.steps.find((step) => step.id === id)?.group ?? -1);
  expect(groups).toEqual([...groups].sort((a, b) => a - b));
});

test('a dry run changes no file, process, key or journal', async () => {
  await using lab = await startLab({ members: 3, etcd: '3.5', keys: 'ecdsa', oneCa: false, load: false });
  const before = everythingOf(lab);

  const dry = await lab.rotate(['--dry-run', '--cluster', 'demo']);
  expect(dry.code).toBe(0);
  expect(dry.stdout).toContain('9 restarts of etcd');
  expect(dry.stdout).toContain('nobody refuses anybody');
  expect(everythingOf(lab)).toEqual(before);
});

test('rotates a single member when its outage is accepted, and refuses otherwise', async () => {
  await using lab = await startLab({ members: 1, etcd: '3.5', keys: 'ecdsa', oneCa: false, load: false });

  const refused = await lab.rotate(['--cluster', 'demo', '--yes']);
  expect(refused.code).toBe(3);
  expect(refused.stderr).toContain('downtime-not-accepted');

  const run = await lab.rotate(['--cluster', 'demo', '--yes', '--json', '--accept-downtime']);
  expect(lastLine(run)).toMatchObject({ outcome: 'rotated', restarts: 3, leaderMoves: 0 });
});

/** The first CAs, made by cfssl, become CAs that the coordinator holds. */
async function adoptFirstCas(lab: Lab): Promise<void> {
  const { coordinator } = lab.layout;
  await lab.control.coordinator.stop();
  const passphrase = new Secret(readFileSync(coordinator.passphrase, 'utf8').trim());
  const signer = await openSigner({ folder: join(lab.folder, 'coordinator/state/cas'), passphrase });
  if (!signer.ok) throw new Error(signer.failure.message);
  for (const [name, file] of [
    ['first-client', 'ca'],
    ['first-peer', 'peer-ca'],
  ] as const) {
    const { cert, key } = firstCa(lab, file);
    const adopted = await signer.value.adopt({ name, certificate: cert, key: new Secret(key) });
    expect(adopted.ok).toBe(true);
  }
  signer.value.close();
  await lab.control.coordinator.start();
  await lab.control.ready();
}

function firstCa(lab: Lab, name: string): KeyPair {
  return lab.pair({ cert: join(lab.folder, `ca/${name}.pem`), key: join(lab.folder, `ca/${name}-key.pem`) });
}

function restartsOf(lab: Lab): number {
  return lab.layout.members.reduce((sum, { name }) => sum + lab.etcd(name).restarts().length, 0);
}

async function expectOldLeaves(lab: Lab, verdict: 'accepted' | 'refused'): Promise<void> {
  for (const { name, address } of lab.layout.members) {
    const client = await lab.accepts({ member: name, port: 'client' }, lab.kept.client);
    expect(client).toMatchObject({ verdict });
    const own = lab.kept.peer[name];
    if (!own) throw new Error(`no first peer leaf of ${name}`);
    expect(await lab.accepts({ member: name, port: 'peer', from: address }, own)).toMatchObject({ verdict });
  }
}

/** Steps in the order in which their first command was written down; certificates are asked for ahead. */
function stepsBegun(entries: readonly Entry[]): string[] {
  return [
    ...new Set(
      entries.flatMap(({ body }) =>
        body.type === 'sent' && body.command.body.type !== 'request' ? [body.step] : [],
      ),
    ),
  ];
}

/** Every file that is not a log or etcd's own data, every process, every entry. */
function everythingOf(lab: Lab): Record<string, string> {
  const found: Record<string, string> = {};
  const visit = (folder: string): void => {
    for (const name of readdirSync(folder).sort()) {
      const path = join(folder, name);
      const stat = lstatSync(path);
      if (stat.isSymbolicLink()) found[path] = `-> ${readlinkSync(path)}`;
      else if (stat.isDirectory()) {
        if (!/\/(data|services)$/.test(path)) visit(path);
      } else if (!path.endsWith('.log')) {
        found[path] = `${stat.mtimeMs} ${createHash('sha256').update(readFileSync(path)).digest('hex')}`;
      }
    }
  };
  visit(lab.folder);
  for (const [name, pid] of Object.entries(lab.pids())) found[`process ${name}`] = String(pid);
  return found;
}
