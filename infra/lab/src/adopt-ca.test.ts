import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { caFiles } from './certificates.ts';
import { startLab } from './start-lab.ts';

test.each([
  { keys: 'rsa', oneCa: false, held: ['client-ca', 'peer-ca'] },
  { keys: 'ecdsa', oneCa: true, held: ['etcd-ca'] },
] as const)('the coordinator holds the first CAs ($keys, one CA: $oneCa)', async ({ keys, oneCa, held }) => {
  await using lab = await startLab({ members: 1, etcd: '3.5', keys, oneCa, load: false, adoptCas: true });
  const files = readdirSync(join(lab.layout.coordinator.state, 'cas'));
  expect(files.sort()).toEqual([...held.map((name) => `${name}.json`), 'kdf.json'].sort());
});

test('a CA is not taken in while the coordinator runs, and is when it was stopped', async () => {
  await using lab = await startLab({ members: 1, etcd: '3.5', keys: 'ecdsa', oneCa: false, load: false });
  const { peer } = caFiles(lab.layout, lab.options);
  const key = readFileSync(peer.key, 'utf8');
  const cas = () => readdirSync(join(lab.layout.coordinator.state, 'cas')).sort();

  const refused = await lab.control.adoptCa('old', peer);
  expect(refused).toMatchObject({ code: 1, stdout: '' });
  expect(refused.stderr).toMatch(/state-locked.*\n.*stop it/);
  expect(cas()).toEqual(['kdf.json']);

  await lab.control.coordinator.stop();
  const adopted = await lab.control.adoptCa('old', peer);
  expect(adopted, adopted.stderr).toMatchObject({ code: 0, stderr: '' });
  expect(adopted.stdout).toContain('CN=etcd peer CA');
  expect(adopted.stdout).toContain(`still in ${peer.key}, unencrypted`);
  expect(cas()).toEqual(['kdf.json', 'old.json']);
  expect(readFileSync(peer.key, 'utf8')).toBe(key);
  await lab.control.coordinator.start();
  await lab.control.ready();

  const misnamed = await lab.control.adoptCa('No name', peer);
  expect(misnamed.code).toBe(2);
});
