import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Lab, startLab } from '@etcd-rotate/lab';
import { type Certificate, readCertificates } from '@etcd-rotate/pki';
import { expect, test } from 'vitest';
import { anOutsideCa, type CaFilesForTest } from '../packages/signer/test/an-outside-ca.ts';
import { aCfsslServer, type CfsslServer } from '../packages/signer/test/cfssl-server.ts';
import { planOf, restartsOf, rotateNow } from './asking.ts';
import { aCa, bundleOf, writePair } from './lab-pki.ts';
import { lastLine, nobodyLost } from './reading.ts';

test('a cluster goes to a CA behind cfssl and has its leaves renewed by it, and a dry run makes none (3.5)', async () => {
  await using ca = await anOutsideCa('outside CA');
  await using cfssl = await aCfsslServer(ca);
  await using lab = await startLab({ members: 3, etcd: '3.5', keys: 'ecdsa', oneCa: true });
  await useSigner(lab, { ca, cfssl });
  const wanted = ['--restarts', 'when-needed', '--ca', 'client=outside', '--ca', 'peer=outside'];

  await planOf(lab, wanted);
  expect(cfssl.issued()).toBe(0);

  const run = await rotateNow(lab, wanted);
  expect(run.stderr).toBe('');
  expect(lastLine(run)).toMatchObject({ outcome: 'rotated', restarts: 6, cas: [] });
  for (const { issuer } of await lab.presents()) expect(issuer).toBe('outside CA');
  expect(await lab.accepts({ member: 'm1', port: 'client' }, lab.kept.client)).toMatchObject({
    verdict: 'refused',
  });
  const issued = cfssl.issued();
  expect(issued).toBeGreaterThan(0);

  const before = await lab.presents();
  await planOf(lab, ['--strategy', 'renew']);
  expect(cfssl.issued()).toBe(issued);
  expect(lastLine(await rotateNow(lab, ['--strategy', 'renew']))).toMatchObject({
    outcome: 'rotated',
    restarts: 0,
  });
  const after = await lab.presents();
  for (const { issuer } of after) expect(issuer).toBe('outside CA');
  expect(new Set([...before, ...after].map(({ fingerprint }) => fingerprint)).size).toBe(
    before.length + after.length,
  );
  expect(restartsOf(lab)).toBe(6);
  expect(wholeJournal(lab)).not.toContain(cfssl.authKey);
  nobodyLost(await lab.load.stop());
});

test('a cfssl that is away holds a rotation before it has changed anything, and a resume goes on, to an issuing CA', async () => {
  await using ca = await anIssuingCa();
  await using cfssl = await aCfsslServer(ca);
  await using lab = await startLab({
    ...{ members: 1, etcd: '3.4', keys: 'ecdsa', oneCa: true, load: false },
    policy: { patience: '5s' },
  });
  await useSigner(lab, { ca, cfssl });
  await cfssl.stop();
  const before = await lab.presents();
  const wanted = ['--accept-downtime', '--ca', 'client=outside', '--ca', 'peer=outside'];

  const held = await rotateNow(lab, wanted);
  expect(held.code).toBe(4);
  expect(held.stdout).toMatch(/outside-signer/);
  expect(await lab.presents()).toEqual(before);
  expect(restartsOf(lab)).toBe(0);

  await cfssl.start();
  const { rotation } = lastLine(held) as { rotation: string };
  const resumed = await lab.rotate(['resume', rotation, '--json']);
  expect(lastLine(resumed)).toMatchObject({ outcome: 'rotated' });
  for (const { issuer } of await lab.presents()) expect(issuer).toBe('issuing CA');
  // The bundles hold the root, the files of leaves the issuing CA behind them.
  for (const { file, key } of lab.slotFiles()) {
    const { value: found } = readCertificates(readFileSync(file, 'utf8')) as { value: Certificate[] };
    const subjects = found.map(({ facts }) => facts.subject);
    expect(key ? subjects.slice(1) : subjects).toEqual([key ? 'CN=issuing CA' : 'CN=root CA']);
  }
  expect(lastLine(await rotateNow(lab, ['--strategy', 'renew']))).toMatchObject({
    outcome: 'rotated',
    restarts: 0,
  });
  for (const { issuer } of await lab.presents()) expect(issuer).toBe('issuing CA');
});

/** A CA under a root that nobody here has the key of, as cfssl has it, and as coordinator.yaml wants it: root last. */
async function anIssuingCa(): Promise<CaFilesForTest & { signer: string }> {
  const ca = await anOutsideCa('unused');
  const root = aCa('root CA');
  const { certificate, key } = aCa('issuing CA', { issuer: root, pathLength: 0 });
  writePair(ca.files, { certificate, key });
  const signer = join(ca.folder, 'chain.pem');
  writeFileSync(signer, bundleOf({ certificate, key }, root));
  return { ...ca, certificate, key, signer };
}

async function useSigner(
  lab: Lab,
  { ca, cfssl }: { ca: CaFilesForTest & { signer?: string }; cfssl: CfsslServer },
): Promise<void> {
  const { file } = lab.layout.coordinator;
  const authKey = join(ca.folder, 'auth-key');
  writeFileSync(authKey, `${cfssl.authKey}\n`, { mode: 0o600 });
  const signer = {
    name: 'outside',
    certificate: ca.signer ?? ca.files.cert,
    cfssl: {
      url: cfssl.url,
      profile: { serverAndClient: 'member', client: 'client' },
      canaryProfile: { serverAndClient: 'canary-member', client: 'canary-client' },
      authKey: { file: authKey },
    },
  };
  // JSON is YAML.
  appendFileSync(file, `signers: ${JSON.stringify([signer])}\n`);
  await lab.control.coordinator.restart();
  await lab.control.ready();
}

function wholeJournal(lab: Lab): string {
  return readFileSync(join(lab.layout.coordinator.folder, 'state/journal/journal.jsonl'), 'utf8');
}
