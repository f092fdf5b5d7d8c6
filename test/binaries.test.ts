import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { binaries } from '@etcd-rotate/lab';
import { expect, onTestFinished, test } from 'vitest';

const overridden = ['ETCD_BIN', 'CFSSL_BIN', 'NATS_SERVER_BIN'].some((name) => process.env[name]);

test.skipIf(overridden)('the unpacked programs are the versions the other tests are about', () => {
  const { etcd, cfssl, cfssljson, natsServer } = binaries();

  expect(firstLine(etcd('3.4').etcd, '--version')).toMatch(/^etcd Version: 3\.4\./);
  expect(firstLine(etcd('3.4').etcdctl, 'version')).toMatch(/^etcdctl version: 3\.4\./);
  expect(firstLine(etcd('3.5').etcd, '--version')).toMatch(/^etcd Version: 3\.5\./);
  expect(firstLine(etcd('3.5').etcdctl, 'version')).toMatch(/^etcdctl version: 3\.5\./);
  expect(firstLine(cfssl, 'version')).toMatch(/^Version: 1\./);
  expect(firstLine(cfssljson, '-bare', '-stdout')).toBe('');
  expect(firstLine(natsServer, '--version')).toMatch(/^nats-server: v2\.(9|\d\d)\./);
});

test('programs named in the environment are used instead', () => {
  const folder = temporaryFolder();
  for (const name of ['etcd', 'etcdctl', 'nats-server'])
    writeFileSync(join(folder, name), '', { mode: 0o755 });
  const found = binaries({
    ETCD_BIN: folder,
    NATS_SERVER_BIN: join(folder, 'nats-server'),
    CFSSL_BIN: folder,
  });

  expect(found.etcd('3.4')).toEqual({ etcd: join(folder, 'etcd'), etcdctl: join(folder, 'etcdctl') });
  expect(binaries({ ETCD_BIN: join(folder, 'etcd') }).etcd('3.5').etcdctl).toBe(join(folder, 'etcdctl'));
  expect(found.natsServer).toBe(join(folder, 'nats-server'));
  expect(() => found.cfssl).toThrow(
    `no program at ${join(folder, 'cfssl')}: run "npm run binaries", or install`,
  );
});

test('a folder may hold an etcd of each version', () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'etcd-3.5'));
  for (const name of ['etcd', 'etcdctl']) writeFileSync(join(folder, 'etcd-3.5', name), '', { mode: 0o755 });

  expect(binaries({ ETCD_BIN: folder }).etcd('3.5').etcd).toBe(join(folder, 'etcd-3.5/etcd'));
});

function firstLine(program: string, ...args: string[]): string {
  const environment = { ...process.env, ETCDCTL_API: '3' };
  const output = execFileSync(program, args, { env: environment, input: '{}', encoding: 'utf8' });
  return output.split('\n', 1)[0] ?? '';
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-rotate-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}
