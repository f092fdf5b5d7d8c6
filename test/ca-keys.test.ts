// The life of CA keys on a real cluster: taken over while the coordinator runs, signed with, replaced, kept for their
// grace, destroyed; and what an operator is told of it on the way.

import { chmodSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { startLab } from '@etcd-rotate/lab';
import type { CaEntry } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { rotateNow } from './asking.ts';
import { entriesOf, lastLine } from './reading.ts';

test('a CA is adopted while the coordinator runs, renews, is replaced, and its key goes after its grace', async () => {
  await using lab = await startLab({ members: 1, etcd: '3.5', keys: 'ecdsa', oneCa: true, load: false });
  const [cert, key] = ['ca.pem', 'ca-key.pem'].map((file) => join(lab.layout.ca, file)) as [string, string];
  const cas = async () => (lastLine(await lab.rotate(['ca', 'list', '--json'])) as { cas: CaEntry[] }).cas;
  const rotate = (...args: string[]) => rotateNow(lab, ['--accept-downtime', ...args]);
  const destroy = (name: string, ...more: string[]) => lab.rotate(['ca', 'destroy', name, ...more]);

  expect((await lab.rotate(['ca', 'list'])).stdout).toContain('no CA yet');
  const before = readFileSync(key, 'utf8');
  chmodSync(key, 0o644);
  const adopted = await lab.rotate(['ca', 'adopt', '--name', 'first', '--cert', cert, '--key', key]);
  expect(adopted, adopted.stderr).toMatchObject({ code: 0, stderr: '' });
  expect(adopted.stdout).toMatch(/adopted: first\n {2}subject +.*CN=etcd CA/);
  expect(adopted.stdout).toContain(`chmod 600 ${key}`);
  expect(adopted.stdout).toContain(`still in ${key}, unencrypted`);
  expect([readFileSync(key, 'utf8'), statSync(key).mode & 0o777]).toEqual([before, 0o644]);

  // The coordinator that runs knows it at once.
  expect(lastLine(await rotate('--strategy', 'renew'))).toMatchObject({ outcome: 'rotated', cas: [] });
  expect((await lab.rotate(['ca', 'list'])).stdout).toMatch(/first +held .* issues demo client, demo peer\n/);
  const inUse = await destroy('first', '--yes');
  expect([inUse.code, inUse.stderr]).toEqual([3, expect.stringContaining('ca-in-use')]);
  expect(inUse.stderr).toContain('issued leaves of demo, domain client');

  expect(lastLine(await rotate())).toMatchObject({ outcome: 'rotated' });
  const [made, first] = await cas();
  expect(made).toMatchObject({ key: 'held', issues: [{ domain: 'client' }, { domain: 'peer' }] });
  const { replacedAt = '', mayBeDestroyedFrom = '' } = first ?? {};
  expect(Date.parse(mayBeDestroyedFrom) - Date.parse(replacedAt)).toBe(7 * 86_400_000);
  const inGrace = await destroy('first', '--yes');
  expect([inGrace.code, inGrace.stderr]).toEqual([
    3,
    expect.stringContaining(`is kept until ${mayBeDestroyedFrom}`),
  ]);

  await lab.control.reviseFleet(({ clusters: [cluster] }) => {
    if (cluster) cluster.policy = { ...cluster.policy, grace: '0s' };
  });
  expect(lastLine(await rotate())).toMatchObject({ outcome: 'rotated' });
  const old = made?.name ?? '';
  const unnamed = await destroy(old);
  expect([unnamed.code, unnamed.stderr]).toEqual([
    2,
    expect.stringContaining(`rotate ca destroy ${old} --yes`),
  ]);
  const file = join(lab.layout.coordinator.state, 'cas', `${old}.json`);
  const { key: sealed } = JSON.parse(readFileSync(file, 'utf8'));
  const gone = await destroy(old, '--yes');
  expect(gone, gone.stderr).toMatchObject({ code: 0 });
  expect(gone.stdout).toContain('What may still have it, sealed');
  expect(readFileSync(file, 'utf8')).not.toContain(sealed.wrapped.data);
  expect((await destroy(old, '--yes')).code).toBe(0);
  expect(await cas()).toMatchObject([{ name: old, key: 'destroyed' }, { key: 'held' }, { name: 'first' }]);
  const named = await lab.rotate(['--dry-run', '--accept-downtime', '--ca', `client=${old}`]);
  expect([named.code, named.stderr]).toEqual([3, expect.stringMatching(/was destroyed.*\(ca-not-held\)/)]);
  const exported = await lab.rotate(['ca', 'export', old]);
  expect(exported.stdout).toBe(`${made?.certificate.pem.trimEnd()}\n`);

  const said = (await entriesOf(lab)).flatMap(({ body }) => (body.type === 'ca-key' ? [body] : []));
  expect(said).toMatchObject([
    { did: 'adopted', name: 'first', operator: 'admin', subject: expect.stringContaining('CN=etcd CA') },
    { did: 'destroyed', name: old, operator: 'admin' },
  ]);
  await lab.control.coordinator.restart();
  await lab.control.ready();
  expect(await cas()).toMatchObject([{ name: old, key: 'destroyed' }, { key: 'held' }, { name: 'first' }]);
});
