import { describe, expect, test } from 'vitest';
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

describe('a signer outside', () => {
  const cfssl = { url: 'https://ca.example:8888', canaryProfile: 'canary', authKey: { file: 'k' } };
  const vault = { url: 'https://vault.example:8200', role: 'etcd', token: { credential: 'vault' } };
  const about = { name: 'corp', certificate: 'corp.pem' };
  const signersOf = (...signers: object[]) => CoordinatorFile.safeParse({ ...file, signers });

  test('is a cfssl or a Vault; there is none unless said', () => {
    expect(CoordinatorFile.parse(file).signers).toEqual([]);
    const both = signersOf({ ...about, cfssl }, { ...about, name: 'other', vault });
    expect(both.data?.signers).toEqual([
      { ...about, cfssl },
      { ...about, name: 'other', vault: { ...vault, mount: 'pki' } },
    ]);
  });

  test('may have profiles or roles by usage', () => {
    const profile = { serverAndClient: 'member', client: 'client' };
    expect(signersOf({ ...about, cfssl: { ...cfssl, profile } }).success).toBe(true);
  });

  test.each(['http://127.0.0.1:8888', 'http://127.1.2.3', 'http://[::1]:8888', 'https://x/behind/a/proxy'])(
    'may be asked at %s',
    (url) => {
      expect(signersOf({ ...about, cfssl: { ...cfssl, url } }).error).toBeUndefined();
    },
  );

  test.each([
    ['http://ca.example:8888', /https:\/\//],
    ['http://10.0.0.5:8888', /https:\/\//],
    ['http://127.0.0.1.evil.example', /https:\/\//],
    // Where the name leads, others decide.
    ['http://localhost:8888', /https:\/\//],
    ['https://user:secret@ca.example', /without user, password/],
    ['https://ca.example/?token=secret', /without user, password/],
    ['ftp://ca.example', /a URL/],
    ['ca.example:8888', /a URL/],
    ['file:///etc/passwd', /a URL/],
  ])('may not be asked at %s', (url, why) => {
    const signers = signersOf({ ...about, cfssl: { ...cfssl, url } });
    expect(JSON.stringify(signers.error?.issues)).toMatch(why);
  });

  test.each<[string, object[]]>([
    ['of both kinds', [{ ...about, cfssl, vault }]],
    ['of no kind', [about]],
    [
      'with a name that another one has',
      [
        { ...about, cfssl },
        { ...about, vault },
      ],
    ],
    ['with a name that is a file of the store', [{ ...about, name: 'kdf', cfssl }]],
    ['with a name that leads elsewhere', [{ ...about, name: '../x', cfssl }]],
    ['without a profile for canaries', [{ ...about, cfssl: { ...cfssl, canaryProfile: undefined } }]],
    ['with a mount that leads elsewhere', [{ ...about, vault: { ...vault, mount: '../sys' } }]],
    ['with a mount that ends early', [{ ...about, vault: { ...vault, mount: 'pki?x=' } }]],
    ['with a role that leads elsewhere', [{ ...about, vault: { ...vault, role: '../../sys/raw' } }]],
    ['with a namespace of two lines', [{ ...about, vault: { ...vault, namespace: 'a\r\nb: c' } }]],
    ['with a secret in the file itself', [{ ...about, cfssl: { ...cfssl, authKey: 'abcd' } }]],
    [
      'with a credential that leads elsewhere',
      [{ ...about, vault: { ...vault, token: { credential: '../x' } } }],
    ],
    ['without a certificate', [{ name: 'corp', cfssl }]],
  ])('is refused %s', (_what, signers) => {
    expect(signersOf(...signers).success).toBe(false);
  });
});
