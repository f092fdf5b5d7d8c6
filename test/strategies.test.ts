import { readFileSync } from 'node:fs';
import { type Lab, startLab } from '@etcd-rotate/lab';
import { expect, test } from 'vitest';
import { dryRun, restartsOf, rotateNow } from './asking.ts';
import { hasEveryCase, testInFull } from './every-case.ts';
import { lifetimeOf, textOf } from './openssl.ts';
import { lastLine, nobodyLost } from './reading.ts';

testInFull(
  'with restarts when needed, a rotation of both CAs restarts every member twice (3.5, RSA)',
  async () => {
    await using lab = await startLab({ members: 3, etcd: '3.5', keys: 'rsa', oneCa: false });
    const before = await lab.presents();

    const run = await rotateNow(lab, ['--restarts', 'when-needed']);
    expect(lastLine(run)).toMatchObject({ outcome: 'rotated', restarts: 6 });
    expect(restartsOf(lab)).toBe(6);
    for (const [index, { issuer }] of (await lab.presents()).entries()) {
      expect(issuer).not.toBe(before[index]?.issuer);
    }
    expect(await lab.accepts({ member: 'm1', port: 'client' }, lab.kept.client)).toMatchObject({
      verdict: 'refused',
    });
    nobodyLost(await lab.load.stop());
  },
);

test('a renewal gives every port another leaf of the same CA, without a restart (3.4, RSA)', async () => {
  await using lab = await startLab({ members: 3, etcd: '3.4', keys: 'rsa', oneCa: false, adoptCas: true });
  const before = await lab.presents();
  const bundles = bundlesOf(lab);

  const run = await rotateNow(lab, ['--strategy', 'renew']);
  expect(run.stderr).toBe('');
  expect(lastLine(run)).toMatchObject({ outcome: 'rotated', restarts: 0, leaderMoves: 0, cas: [] });
  expect(restartsOf(lab)).toBe(0);
  const after = await lab.presents();
  expect(after.map(({ issuer }) => issuer)).toEqual(before.map(({ issuer }) => issuer));
  const seen = new Set([...before, ...after].map(({ fingerprint }) => fingerprint));
  expect(seen.size).toBe(before.length + after.length);
  expect(bundlesOf(lab)).toEqual(bundles);
  // A renewed leaf takes nothing from the old one.
  expect(await lab.accepts({ member: 'm1', port: 'client' }, lab.kept.client)).toMatchObject({
    verdict: 'accepted',
  });
  nobodyLost(await lab.load.stop());
});

testInFull('with restarts when needed, there and back to CAs that are held (3.4)', async () => {
  await using lab = await startLab({ members: 3, etcd: '3.4', keys: 'ecdsa', oneCa: false, adoptCas: true });
  const first = await lab.presents();
  const bundles = bundlesOf(lab);

  expect(lastLine(await rotateNow(lab, ['--restarts', 'when-needed']))).toMatchObject({
    ...{ outcome: 'rotated', restarts: 6 },
  });
  expect((await lab.presents()).map(({ issuer }) => issuer)).not.toEqual(first.map(({ issuer }) => issuer));

  const back = await rotateNow(lab, ['--restarts', 'when-needed', ...firstCas]);
  expect(lastLine(back)).toMatchObject({ outcome: 'rotated', restarts: 6, cas: [] });
  expect((await lab.presents()).map(({ issuer }) => issuer)).toEqual(first.map(({ issuer }) => issuer));
  expect(bundlesOf(lab)).toEqual(bundles);
  nobodyLost(await lab.load.stop());
});

test('kind of key, lifetime, names and a common name may change in a rotation, and openssl sees them', async () => {
  await using lab = await startLab({
    ...{ members: 3, etcd: '3.5', keys: 'rsa', oneCa: false },
    profile: { ca: { key: 'ecdsa-p384' }, leaf: { key: 'ecdsa-p256', validity: '90d' } },
  });
  await lab.control.reviseFleet(({ clusters: [cluster] }) => {
    const names = { dns: ['etcd.example'], ip: ['127.0.0.9'] };
    Object.assign(cluster?.members[0] ?? {}, { addNames: { client: names, peer: names } });
    Object.assign(cluster?.members[1] ?? {}, {
      dropNames: { client: { dns: ['localhost'] } },
      commonName: { client: 'another name' },
    });
    Object.assign(cluster?.clients?.[0] ?? {}, { commonName: 'a-writer' });
  });
  const { stdout } = await lab.rotate(['--cluster', 'demo', '--dry-run']);
  for (const word of ['etcd.example', '127.0.0.9', 'localhost', 'another name', 'a-writer']) {
    expect(stdout).toContain(word);
  }

  expect(lastLine(await rotateNow(lab))).toMatchObject({ outcome: 'rotated', restarts: 9 });
  const [m1, m2, m3] = lab.layout.members;
  const [writer] = lab.layout.clients;
  if (!m1 || !m2 || !m3 || !writer) throw new Error('a lab of three members and a writer');
  for (const { cert } of [m1.server, m1.peer]) {
    expect(textOf(cert)).toMatch(/DNS:etcd\.example/);
    expect(textOf(cert)).toMatch(/IP Address:127\.0\.0\.9/);
  }
  expect(textOf(m2.server.cert)).not.toContain('DNS:localhost');
  expect(textOf(m2.server.cert)).toMatch(/Subject:.*CN ?= ?another name/);
  expect(textOf(m2.peer.cert)).toContain('DNS:localhost');
  expect(textOf(m2.peer.cert)).toMatch(/Subject:.*CN ?= ?m2/);
  expect(textOf(m3.server.cert)).not.toContain('etcd.example');
  expect(textOf(writer.pair.cert)).toMatch(/Subject:.*CN ?= ?a-writer/);
  for (const { file, key } of lab.slotFiles()) {
    if (!key) expect(textOf(file)).toContain('ASN1 OID: secp384r1');
    else {
      expect(textOf(file)).toContain('ASN1 OID: prime256v1');
      // From an hour ago, so that no clock of a node is before it.
      expect(lifetimeOf(file)).toBe((90 * 24 + 1) * 3600);
    }
  }
  nobodyLost(await lab.load.stop());
});

test.each(hasEveryCase ? (['bundle', 'bundle and pair'] as const) : (['bundle and pair'] as const))(
  'a member with one file for both ports, its %s, is rotated as one (as kubeadm has it)',
  async (oneFile) => {
    const etcd = oneFile === 'bundle' ? '3.5' : '3.4';
    await using lab = await startLab({ members: 3, etcd, keys: 'ecdsa', oneCa: true, oneFile });
    const alone = await dryRun(lab, ['--domain', 'peer']);
    expect(alone).toMatchObject({
      failures: lab.layout.members.flatMap(() => oneFile.split(' and ').map(() => ({ code: 'shared-file' }))),
    });

    expect(lastLine(await rotateNow(lab))).toMatchObject({ outcome: 'rotated', restarts: 9 });
    for (const { server, peer, ca } of lab.layout.members) {
      expect(blocksIn(ca)).toBe(1);
      expect(readFileSync(server.cert, 'utf8') === readFileSync(peer.cert, 'utf8')).toBe(
        oneFile !== 'bundle',
      );
    }
    expect(new Set((await lab.presents()).map(({ issuer }) => issuer)).size).toBe(1);
    nobodyLost(await lab.load.stop());
  },
);

const firstCas = ['--ca', 'client=client-ca', '--ca', 'peer=peer-ca'];

function bundlesOf(lab: Lab): string[] {
  return lab
    .slotFiles()
    .filter(({ key }) => key === undefined)
    .map(({ file }) => readFileSync(file, 'utf8'));
}

function blocksIn(file: string): number {
  return readFileSync(file, 'utf8').match(/BEGIN CERTIFICATE/g)?.length ?? 0;
}
