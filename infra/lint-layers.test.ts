import { expect, test } from 'vitest';
import { check } from './lint-layers.ts';

const said = (file: string, source: string) =>
  check(file, source)
    .map((finding) => finding.message)
    .join('\n');

test.each([
  [
    'packages/core/src/plan.ts',
    `import { facts } from '@etcd-rotate/pki';`,
    'packages/core knows only protocol',
  ],
  ['packages/core/src/plan.ts', `import fs from 'node:fs';`, 'packages/core does no I/O'],
  ['packages/protocol/src/name.ts', `import path from 'path';`, 'packages/protocol does no I/O'],
  ['packages/pki/src/facts.ts', `import { readFileSync } from 'node:fs';`, 'packages/pki does no I/O'],
  ['packages/host/src/prove.ts', `import { Etcd3 } from 'etcd3';`, 'only packages/etcd speaks to an etcd'],
  ['packages/runner/src/run.ts', `export * from 'nats';`, 'only packages/bus speaks NATS'],
  ['packages/host/src/run.ts', `import { fakeNode } from '@etcd-rotate/testing';`, 'are for tests'],
  [
    'packages/core/src/plan.test.ts',
    `import { sign } from '@etcd-rotate/signer';`,
    'core knows only protocol',
  ],
  ['packages/bus/src/codec.ts', `type S = import('@etcd-rotate/signer').Signer;`, 'CA keys never leave'],
  [
    'packages/bus/src/codec.ts',
    `import { main } from '@etcd-rotate/agent';`,
    'packages/bus may import protocol, nats',
  ],
  ['packages/bus/src/codec.ts', `import { x } from '../../core/src/x.ts';`, 'by its name'],
  ['apps/rotate/src/main.ts', `await import('@etcd-rotate/signer');`, 'CA keys never leave the coordinator'],
  ['test/rotation.test.ts', `import { x } from '@etcd-rotate/core/src/plan.ts';`, 'not its files'],
])('%s may not contain %s', (file, source, message) => {
  expect(said(file, source)).toContain(message);
});

test.each([
  ['Date.now()', 'take the time as an argument'],
  ['new Date()', 'take the time as an argument'],
  ['Math.random()', 'cannot be replayed'],
  ['process.env.HOME', 'an app reads the process'],
  ['setTimeout(() => {}, 1)', 'packages/runner'],
  ['const later = async () => {}', 'nothing here waits'],
])('core may not use %s', (source, message) => {
  expect(said('packages/core/src/next-move.ts', source)).toContain(message);
  expect(said('packages/core/src/next-move.test.ts', source)).toBe('');
  expect(said('packages/runner/src/run-rotation.ts', source)).toBe('');
});

test('what the arrows allow is not reported', () => {
  expect(said('packages/core/src/plan.ts', `import { z } from '@etcd-rotate/protocol'; new Date(z);`)).toBe(
    '',
  );
  expect(said('packages/core/src/plan.test.ts', `import { world } from '@etcd-rotate/testing';`)).toBe('');
  expect(
    said('packages/pki/src/keys.ts', `import c from 'node:crypto'; export async function key() {}`),
  ).toBe('');
  expect(said('packages/etcd/src/prove.ts', `import { Etcd3 } from 'etcd3'; import './x.ts';`)).toBe('');
  expect(said('apps/coordinator/src/main.ts', `import { Signer } from '@etcd-rotate/signer';`)).toBe('');
});

test('a finding says where it is', () => {
  const [finding] = check('packages/core/src/plan.ts', '\n\nDate.now();\n');
  expect(finding).toMatchObject({ file: 'packages/core/src/plan.ts', line: 3 });
});
