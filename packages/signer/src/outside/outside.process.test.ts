import { randomBytes } from 'node:crypto';
import { accepts, generateKey, makeCsr, nameFrom, type RawName, readCertificate } from '@etcd-rotate/pki';
import { Secret } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { aSigner, isUnderWay, passphrase, unwrap } from '../../test/a-signer.ts';
import { anOutsideCa, type CaFilesForTest, loopbackPair } from '../../test/an-outside-ca.ts';
import { aCfsslServer, type CfsslServer, type profiles } from '../../test/cfssl-server.ts';
import { aVaultStandIn, type VaultStandIn } from '../../test/vault-stand-in.ts';
import { caFilesIn } from '../ca-files.ts';
import type { Allowed } from '../may-sign.ts';
import { openSigner } from '../open-signer.ts';
import type { CanaryRequest, LeafRequest } from '../requests.ts';
import { Signer } from '../signer.ts';
import { cfsslCa } from './cfssl.ts';
import type { OutsideCa } from './outside-ca.ts';
import { vaultCa } from './vault.ts';

const minute = 60_000;
const day = 86_400_000;
const subject = nameFrom({ commonName: 'etcd-1' });
const names = { dns: ['etcd-1', 'localhost'], ip: ['10.0.0.1', '::1'] };
const none = { dns: [], ip: [] };
const canarySubject = nameFrom({ commonName: 'etcd-rotate-canary' });

let stack: AsyncDisposableStack;
let ca: CaFilesForTest;
let cfssl: CfsslServer;
let vault: VaultStandIn;
let key: Secret;
let folder: string;
beforeAll(async () => {
  stack = new AsyncDisposableStack();
  ca = stack.use(await anOutsideCa('outside'));
  cfssl = stack.use(await aCfsslServer(ca));
  vault = stack.use(await aVaultStandIn(ca));
  folder = stack.use(await aSigner('held')).folder;
  key = await generateKey('ecdsa-p256');
});
afterAll(() => stack.disposeAsync());

const aCfssl = (change: Partial<Parameters<typeof cfsslCa>[0]['settings']> = {}, authKey = cfssl.authKey) =>
  cfsslCa({
    name: 'corp',
    chain: ca.chain,
    authKey: new Secret(authKey),
    settings: {
      url: cfssl.url,
      profile: { serverAndClient: 'member', client: 'client' },
      canaryProfile: { serverAndClient: 'canary-member', client: 'canary-client' },
      authKey: { file: 'unused' },
      ...change,
    },
  });

const aVault = (change: Partial<Parameters<typeof vaultCa>[0]['settings']> = {}, token = vault.token) =>
  vaultCa({
    name: 'corp',
    chain: ca.chain,
    token: new Secret(token),
    settings: {
      url: vault.url,
      mount: 'corp/pki',
      role: { serverAndClient: 'member', client: 'client' },
      token: { file: 'unused' },
      ...change,
    },
  });

function aSignerWith(outside: OutsideCa): Signer {
  const now = () => new Date();
  // Without the scrypt of a folder, which takes a good part of a second.
  const held = { files: caFilesIn(folder), folderKey: randomBytes(32), cas: [] };
  return new Signer({ ...held, outside: [outside], isUnderWay, now });
}

interface Kind {
  signer(): Promise<Signer>;
  name: string;
  issued(): number;
}

const kinds: [string, Kind][] = [
  ['a held CA', { signer: aHeldSigner, name: 'now', issued: () => 0 }],
  [
    'a CA behind cfssl',
    { signer: async () => aSignerWith(aCfssl()), name: 'corp', issued: () => cfssl.issued() },
  ],
  [
    'a CA behind what stands for Vault',
    { signer: async () => aSignerWith(aVault()), name: 'corp', issued: () => vault.issued() },
  ],
];

/** Valid at the real time, as the others are. */
async function aHeldSigner(): Promise<Signer> {
  const made = stack.use(await aSigner());
  const signer = unwrap(await openSigner({ folder: made.folder, passphrase, isUnderWay }));
  const life = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + 365 * day) };
  unwrap(
    await signer.create({ name: 'now', subject: { commonName: 'now' }, keyKind: 'ecdsa-p256', ...life }),
  );
  return signer;
}

describe.each(kinds)('%s', (_, { signer: open, name, issued }) => {
  let signer: Signer;
  beforeAll(async () => {
    signer = await open();
  });
  afterAll(() => signer.close());

  test('is listed', () => {
    expect(signer.list().map((one) => one.name)).toContain(name);
  });

  test('signs what is allowed, and the leaf is accepted under it', async () => {
    const leaf = unwrap(await signer.signLeaf(aRequest(name)));
    expect(leaf.facts).toMatchObject({ subject: 'CN=etcd-1', commonName: 'etcd-1', isCa: false });
    expect(leaf.facts.names).toEqual(names);
    expect(leaf.facts.usages.toSorted()).toEqual(['clientAuth', 'serverAuth']);
    const bundle = [rootOf(signer, name)];
    const now = new Date();
    expect(accepts({ chain: [leaf], bundle, purpose: 'serverAuth', from: now, until: now }).accepted).toBe(
      true,
    );
  });

  test('signs a leaf that may be a client alone', async () => {
    const request = aRequest(name);
    const allowed = { ...request.allowed, usages: ['clientAuth' as const] };
    const leaf = unwrap(await signer.signLeaf({ ...request, allowed }));
    expect(leaf.facts.usages).toEqual(['clientAuth']);
  });

  test('signs canaries of minutes', async () => {
    const client = unwrap(await signer.signCanary(aCanary(name, 'client')));
    expect(client.facts).toMatchObject({
      commonName: 'etcd-rotate-canary',
      names: none,
      usages: ['clientAuth'],
    });
    const peer = unwrap(await signer.signCanary(aCanary(name, 'peer')));
    expect(peer.facts).toMatchObject({ commonName: 'etcd-1', names });
    for (const { parts } of [client, peer]) expect(parts.notAfter - Date.now()).toBeLessThan(10 * minute);
  });

  test('is asked for nothing that is not allowed', async () => {
    const before = issued();
    const refused = { failure: { code: 'may-not-sign' } };
    const evil = makeCsr({ key, subject, names: { dns: ['evil'], ip: [] } });
    expect(await signer.signLeaf(aRequest(name, { csr: evil }))).toMatchObject(refused);
    const root = makeCsr({ key, subject: nameFrom({ commonName: 'root' }), names });
    expect(await signer.signLeaf(aRequest(name, { csr: root }))).toMatchObject(refused);
    const wanted = aCanary(name, 'client');
    const canary = { ...wanted.canary, step: 'trust-m2' };
    expect(await signer.signCanary({ ...wanted, canary })).toMatchObject(refused);
    expect(issued()).toBe(before);
  });

  test('makes nothing for a dry run', async () => {
    const before = issued();
    const life = { notBefore: new Date(Date.now() - day), notAfter: new Date(Date.now() + day) };
    const order = { ca: name, subject, names, usages: ['serverAuth' as const], ...life };
    const leaf = unwrap(await signer.signSpecimen(order));
    expect(leaf.facts).toMatchObject({ issuer: rootOf(signer, name).facts.subject, names });
    expect(issued()).toBe(before);
  });
});

describe('what cfssl answers is refused', () => {
  test.each<[keyof typeof profiles, RegExp, RegExp]>([
    ['too-long', /valid until .*, allowed is until/, /`expiry` of profile too-long/],
    ['too-short', /only, needed is until/, /`expiry`/],
    ['too-many-usages', /usages that are not allowed: "codeSigning"/, /`usages`/],
    ['too-few-usages', /lacks the extended key usages "serverAuth"/, /`usages`/],
    ['signs-certificates', /may sign certificates/, /`ca_constraint`/],
    ['is-ca', /may sign certificates/, /`ca_constraint`/],
    ['in-the-future', /begins in the future/, /`expiry`/],
    ['other-names', /lacks names that were asked for: "etcd-1", "localhost"/, /`CSRWhitelist`/],
    ['no-subject', /its subject is "", asked for was "CN=etcd-1"/, /`CSRWhitelist`/],
  ])('where its profile is %s', async (profile, what, hint) => {
    using signer = aSignerWith(aCfssl({ profile }));
    expect(await signer.signLeaf(aRequest('corp'))).toMatchObject({
      failure: {
        code: 'outside-signer',
        message: expect.stringMatching(what),
        hint: expect.stringMatching(hint),
        retryable: false,
      },
    });
  });

  test('where a canary would live for longer than minutes, as where the profile is not there', async () => {
    for (const canaryProfile of ['client', 'misspelt']) {
      using signer = aSignerWith(aCfssl({ canaryProfile }));
      expect(await signer.signCanary(aCanary('corp', 'peer'))).toMatchObject({ ok: false });
    }
    using signer = aSignerWith(aCfssl({ canaryProfile: 'misspelt' }));
    expect(await signer.signCanary(aCanary('corp', 'peer'))).toMatchObject({
      failure: {
        code: 'outside-signer',
        message: expect.stringMatching(/a canary of it is valid until .* ten minutes/),
      },
    });
  });

  test('where another CA answers', async () => {
    await using other = await anOutsideCa('outside');
    using signer = aSignerWith({ ...aCfssl(), ...other.chain });
    expect(await signer.signLeaf(aRequest('corp'))).toMatchObject({
      failure: {
        code: 'outside-signer',
        message: expect.stringMatching(/not signed by CN=outside, but by CN=outside or with another key/),
      },
    });
  });
});

describe('cfssl is not asked again', () => {
  test('where it refuses our key, which is not shown', async () => {
    const wrong = 'f'.repeat(32);
    using signer = aSignerWith(aCfssl({}, wrong));
    const refused = await signer.signLeaf(aRequest('corp'));
    expect(refused).toMatchObject({
      failure: {
        code: 'outside-signer',
        message: `CA corp, whose key is outside (${new URL(cfssl.url).host}): it refuses (HTTP 400): it says: invalid token`,
        hint: expect.stringMatching(/authKey/),
        retryable: false,
      },
    });
    expect(JSON.stringify(refused)).not.toContain(wrong);
  });

  test('where no profile is named for such leaves', async () => {
    using signer = aSignerWith(aCfssl({ profile: { client: 'client' } }));
    expect(await signer.signLeaf(aRequest('corp'))).toMatchObject({
      failure: {
        code: 'outside-signer',
        message: expect.stringMatching(/names no profile.serverAndClient/),
        retryable: false,
      },
    });
  });
});

test('cfssl is asked again where it was away', async () => {
  await using other = await anOutsideCa('away');
  await using server = await aCfsslServer(other);
  using signer = aSignerWith({ ...aCfssl({ url: server.url }), ...other.chain });
  await server.stop();
  expect(await signer.signLeaf(aRequest('corp'))).toMatchObject({
    failure: { code: 'outside-signer', message: expect.stringMatching(/ECONNREFUSED/), retryable: true },
  });
  await server.start();
  expect((await signer.signLeaf(aRequest('corp'))).ok).toBe(true);
});

test('cfssl over TLS is believed by its CA alone', async () => {
  await using other = await anOutsideCa('over TLS', 'rsa-2048');
  await using server = await aCfsslServer(other, await loopbackPair(other));
  const settings = { ...aCfssl(), ...other.chain };
  using unknown = aSignerWith({ ...settings, ...overTls(server, other, undefined) });
  expect(await unknown.signLeaf(aRequest('corp'))).toMatchObject({
    failure: {
      code: 'outside-signer',
      message: expect.stringMatching(/cannot be asked/),
      hint: expect.stringMatching(/`ca`/),
      retryable: false,
    },
  });
  using known = aSignerWith(overTls(server, other, other.certificate.pem));
  expect(unwrap(await known.signLeaf(aRequest('corp'))).facts.issuer).toBe('CN=over TLS');
});

test('what stands for Vault is asked as its API is documented', async () => {
  vault.asked.length = 0;
  using signer = aSignerWith(aVault({ namespace: 'team/etcd' }));
  unwrap(await signer.signLeaf(aRequest('corp')));
  const [asked] = vault.asked;
  expect(asked?.path).toBe('/v1/corp/pki/sign/member');
  expect(asked?.headers).toMatchObject({ 'x-vault-token': vault.token, 'x-vault-namespace': 'team/etcd' });
  expect(asked?.body).toMatchObject({
    csr: expect.stringContaining('CERTIFICATE REQUEST'),
    common_name: 'etcd-1',
    alt_names: 'etcd-1,localhost',
    ip_sans: '10.0.0.1,::1',
    ttl: expect.stringMatching(/^\d+s$/),
    format: 'pem',
    exclude_cn_from_sans: true,
  });
});

describe('what the one that stands for Vault answers is refused', () => {
  test.each<[string, RegExp, RegExp]>([
    ['too-long', /valid until .*, allowed is until/, /max_ttl/],
    ['other-names', /names that were not asked for: "from-the-role"/, /use_csr_sans/],
    ['other-subject', /its subject is "CN=etcd-1,O=Example"/, /organization/],
    ['client', /lacks the extended key usages "serverAuth"/, /server_flag/],
    ['nobody', /it refuses \(HTTP 400\): it says: unknown role: nobody/, /token/],
  ])('where its role is %s', async (role, what, hint) => {
    using signer = aSignerWith(aVault({ role }));
    expect(await signer.signLeaf(aRequest('corp'))).toMatchObject({
      failure: {
        code: 'outside-signer',
        message: expect.stringMatching(what),
        hint: expect.stringMatching(hint),
        retryable: false,
      },
    });
  });

  test('where the token is not believed, and does not show it', async () => {
    using signer = aSignerWith(aVault({}, 'hvs.wrong'));
    const refused = await signer.signLeaf(aRequest('corp'));
    expect(refused).toMatchObject({
      failure: { message: expect.stringMatching(/permission denied/), retryable: false },
    });
    expect(JSON.stringify(refused)).not.toContain('hvs.wrong');
  });

  test('for now, where it is sealed', async () => {
    vault.seal(503);
    using signer = aSignerWith(aVault());
    expect(await signer.signLeaf(aRequest('corp'))).toMatchObject({
      failure: { code: 'outside-signer', message: expect.stringMatching(/Vault is sealed/), retryable: true },
    });
    vault.seal();
    expect((await signer.signLeaf(aRequest('corp'))).ok).toBe(true);
  });
});

test('a name is that of one CA, held or not', async () => {
  const clash = await openSigner({ folder, passphrase, outside: [{ ...aCfssl(), name: 'held' }] });
  expect(clash).toMatchObject({ failure: { code: 'exists', message: expect.stringMatching(/named held/) } });
  using signer = aSignerWith(aCfssl());
  const life = { notBefore: new Date(), notAfter: new Date(Date.now() + day) };
  const order = { name: 'corp', subject: { commonName: 'x' }, keyKind: 'ecdsa-p256', ...life } as const;
  expect(await signer.create(order)).toMatchObject({ failure: { code: 'exists' } });
});

test('who is asked the same again is not asked again, unless what it made does not last', async () => {
  using signer = aSignerWith(aCfssl());
  const request = aRequest('corp');
  const before = cfssl.issued();
  const first = unwrap(await signer.signLeaf(request));
  expect(unwrap(await signer.signLeaf(request)).facts.fingerprint).toBe(first.facts.fingerprint);
  expect(cfssl.issued()).toBe(before + 1);
  // Another request, for the same key.
  expect(unwrap(await signer.signLeaf(aRequest('corp'))).facts.serial).not.toBe(first.facts.serial);

  const canary = aCanary('corp', 'peer');
  const made = unwrap(await signer.signCanary(canary));
  const later = { ...canary, neededUntil: new Date(made.parts.notAfter + 1) };
  const asked = cfssl.issued();
  expect(await signer.signCanary(later)).toMatchObject({ failure: { code: 'outside-signer' } });
  expect(cfssl.issued()).toBe(asked + 1);
});

test('a signer that was closed asks nobody', async () => {
  const signer = aSignerWith(aCfssl());
  const before = cfssl.issued();
  signer.close();
  expect(await signer.signLeaf(aRequest('corp'))).toMatchObject({ failure: { code: 'unknown-ca' } });
  expect(cfssl.issued()).toBe(before);
});

function overTls(server: CfsslServer, { chain }: CaFilesForTest, tlsCa: string | undefined): OutsideCa {
  const { url } = server;
  const settings = { url, profile: 'member', canaryProfile: 'canary-member', authKey: { file: 'unused' } };
  return cfsslCa({ name: 'corp', chain, authKey: new Secret(server.authKey), settings, tlsCa });
}

function rootOf(signer: Signer, name: string) {
  const found = signer.list().find((one) => one.name === name);
  if (!found) throw new Error(`${name} is not listed`);
  return unwrap(readCertificate(found.certificate));
}

function aRequest(name: string, change: Partial<LeafRequest> = {}): LeafRequest {
  const now = Date.now();
  const notAfter = new Date(now + 30 * day);
  const allowed: Allowed = {
    subject: inBase64(subject),
    names,
    usages: ['serverAuth', 'clientAuth'],
    maxNotAfter: notAfter,
    keyKinds: ['ecdsa-p256'],
  };
  const life = { notBefore: new Date(now - day), notAfter, neededUntil: new Date(now + 60 * minute) };
  return { ca: name, csr: makeCsr({ key, subject, names }), allowed, ...life, ...change };
}

function aCanary(name: string, domain: 'client' | 'peer'): CanaryRequest {
  const now = Date.now();
  const notAfter = new Date(now + 7 * minute);
  const own = domain === 'client' ? { subject: canarySubject, names: none } : { subject, names };
  return {
    ca: name,
    csr: makeCsr({ key, ...own }),
    canary: { rotation: 'r', step: 'trust-m1', holder: 'member/m1', domain },
    allowed: {
      subject: inBase64(own.subject),
      names: own.names,
      maxNotAfter: notAfter,
      keyKinds: ['ecdsa-p256'],
    },
    notBefore: new Date(now - 2 * minute),
    notAfter,
    neededUntil: new Date(now + 2 * minute),
  };
}

function inBase64(name: RawName): string {
  return Buffer.from(name).toString('base64');
}
