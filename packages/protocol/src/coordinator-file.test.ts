import { expect, test } from 'vitest';
import { CoordinatorFile } from './coordinator-file.ts';

const external = { servers: ['tls://nats:4222'], monitoring: ['http://nats:8222'] };
const file = { version: 1, passphrase: { file: 'p' }, nats: { external } };

test('a journal is a file unless it is said to be shared', () => {
  expect(CoordinatorFile.parse(file).journal).toBe('file');
  expect(CoordinatorFile.parse({ ...file, journal: 'file' }).journal).toBe('file');
  expect(CoordinatorFile.parse({ ...file, journal: { jetstream: {} } }).journal).toEqual({
    jetstream: { lease: 5_000 },
  });
});

test('a shared journal is refused where NATS ends with its coordinator', () => {
  const embedded = { embedded: { listen: '10.0.0.5:4222' } };
  const parsed = CoordinatorFile.safeParse({ ...file, nats: embedded, journal: { jetstream: {} } });
  expect(parsed.error?.issues[0]).toMatchObject({
    path: ['journal'],
    message: expect.stringContaining('nats.external'),
  });
});

test.each([
  ['a lease too short to be renewed', { journal: { jetstream: { lease: '500ms' } } }],
  ['two replicas, of which no majority outlives one', { journal: { jetstream: { replicas: 2 } } }],
  ['a name that is none', { name: 'Control 1' }],
  [
    'a monitoring endpoint that is no URL',
    { nats: { external: { ...external, monitoring: ['nats:8222'] } } },
  ],
])('%s is refused', (_what, more) => {
  expect(CoordinatorFile.safeParse({ ...file, ...more }).success).toBe(false);
});

test('NATS counts as one that must keep what it acknowledges unless it is said otherwise', () => {
  expect(CoordinatorFile.parse(file).nats).toEqual({ external: { ...external, acceptUnsafe: false } });
});
