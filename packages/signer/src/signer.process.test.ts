import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, type KeyExportOptions } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';
import { accepts, generateKey, makeCa, makeCsr, nameFrom, readCertificate, readCsr } from '@etcd-rotate/pki';
import { type Result, Secret } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import {
  aCaOrder,
  aSigner,
  daysFromNoon,
  noon,
  passphrase,
  type SignerForTest,
  unwrap,
} from '../test/a-signer.ts';
import type { Allowed } from './may-sign.ts';
import { openSigner } from './open-signer.ts';
import type { CanaryRequest, LeafRequest } from './requests.ts';

const subject = nameFrom({ commonName: 'etcd-1' });
const names = { dns: ['etcd-1', 'localhost'], ip: ['10.0.0.1', '::1'] };
const allowed: Allowed = {
  subject: Buffer.from(subject).toString('base64'),
  names,
  usages: ['serverAuth', 'clientAuth'],
  maxNotAfter: daysFromNoon(90),
  keyKinds: ['ecdsa-p256', 'rsa-4096'],
};

let made: SignerForTest;
let key: Secret;
beforeAll(async () => {
  made = await aSigner('etcd');
  key = await generateKey('ecdsa-p256');
});
afterAll(() => made[Symbol.asyncDispose]());

function aRequest(change: Partial<LeafRequest> = {}): LeafRequest {
  const csr = makeCsr({ key, subject, names });
  const life = { notBefore: daysFromNoon(0), notAfter: daysFromNoon(30), neededUntil: daysFromNoon(1) };
  return { ca: 'etcd', csr, allowed, ...life, ...change };
}

test('signs what is allowed, and the leaf is accepted under its CA', async () => {
  const leaf = unwrap(await made.signer.signLeaf(aRequest()));
  expect(leaf.facts).toMatchObject({
    subject: 'CN=etcd-1',
    issuer: 'CN=etcd',
    names,
    usages: allowed.usages,
  });
  const bundle = [unwrap(readCertificate(made.signer.list()[0]?.certificate ?? ''))];
  const at = daysFromNoon(1);
  expect(accepts({ chain: [leaf], bundle, purpose: 'clientAuth', from: at, until: at })).toEqual({
    accepted: true,
  });
});

test('signs fewer names than are allowed, whatever their case', async () => {
  const csr = makeCsr({ key, subject, names: { dns: ['ETCD-1'], ip: ['0::1'] } });
  const leaf = unwrap(await made.signer.signLeaf(aRequest({ csr })));
  expect(leaf.facts.names).toEqual({ dns: ['ETCD-1'], ip: ['::1'] });
});

test('cuts a leaf off where its CA ends', async () => {
  const late = { ...allowed, maxNotAfter: daysFromNoon(4000) };
  const leaf = unwrap(await made.signer.signLeaf(aRequest({ allowed: late, notAfter: daysFromNoon(3000) })));
  expect(leaf.facts.notAfter).toBe(daysFromNoon(365).toISOString());
});

const csrWith = (change: Partial<Parameters<typeof makeCsr>[0]>) =>
  makeCsr({ key, subject, names, ...change });

describe('refuses a leaf', () => {
  test.each<[string, () => Partial<LeafRequest>, RegExp]>([
    [
      'with a DNS name too many',
      () => ({ csr: csrWith({ names: { dns: ['evil'], ip: [] } }) }),
      /not allowed: "evil"/,
    ],
    [
      'with an address too many',
      () => ({ csr: csrWith({ names: { dns: [], ip: ['10.0.0.2'] } }) }),
      /"10.0.0.2"/,
    ],
    [
      'for another subject',
      () => ({ csr: csrWith({ subject: nameFrom({ commonName: 'root' }) }) }),
      /its subject is not/,
    ],
    [
      'for no subject where there is one',
      () => ({ csr: csrWith({ subject: nameFrom({}) }) }),
      /its subject is not/,
    ],
    [
      'with a key of a kind not allowed',
      () => ({ csr: csrWith({ key: aKey('P-384') }) }),
      /kind ecdsa-p384, allowed are/,
    ],
    ['with a key of no known kind', () => ({ csr: csrWith({ key: aKey('P-521') }) }), /kind other/],
    [
      'that outlives what is allowed',
      () => ({ notAfter: daysFromNoon(91) }),
      /until 2026-08-31T12:00:00.000Z, allowed is/,
    ],
    ['that ends before it begins', () => ({ notBefore: daysFromNoon(31) }), /before it begins/],
    [
      'that begins when the CA has ended',
      () => ({ ...late(400), notBefore: daysFromNoon(366) }),
      /before it begins/,
    ],
    ['with dates that are none', () => ({ notAfter: new Date('soon') }), /before it begins/],
    [
      'with a name twice that is allowed once',
      () => ({ csr: csrWith({ names: { dns: ['etcd-1', 'ETCD-1'], ip: [] } }) }),
      /not allowed: "ETCD-1"/,
    ],
    ['without usages', () => ({ allowed: { ...allowed, usages: [] } }), /no extended key usage/],
    [
      'where no kind of key is allowed',
      () => ({ allowed: { ...allowed, keyKinds: [] } }),
      /allowed are none/,
    ],
  ])('%s', async (_, change, why) => {
    const result = await made.signer.signLeaf(aRequest(change()));
    expect(result).toMatchObject({ failure: { code: 'may-not-sign', message: expect.stringMatching(why) } });
  });

  test('for whoever asks to be a CA', async () => {
    // pki makes no such request.
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null'];
    const args = ['req', '-new', ...ec, '-subj', '/CN=etcd-1', '-addext', 'basicConstraints=CA:TRUE'];
    const csr = execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });
    const result = await made.signer.signLeaf(aRequest({ csr }));
    expect(result).toMatchObject({
      failure: { code: 'may-not-sign', message: expect.stringMatching(/right to sign certificates/) },
    });
  });

  test.each([
    [
      'a usage too many',
      'extendedKeyUsage=serverAuth,codeSigning',
      /key usages that are not allowed: 1\.3\.6/,
    ],
    ['the right to sign CRLs', 'keyUsage=cRLSign', /right to sign certificates/],
    ['a path length', 'basicConstraints=CA:FALSE,pathlen:0', /right to sign certificates/],
  ])('for whoever asks for %s', async (_, extension, why) => {
    const ec = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', '/dev/null'];
    const args = ['req', '-new', ...ec, '-subj', '/CN=etcd-1', '-addext', extension];
    const csr = execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });
    const own = Buffer.from(unwrap(readCsr(csr)).subject).toString('base64');
    expect(
      await made.signer.signLeaf(aRequest({ csr, allowed: { ...allowed, subject: own } })),
    ).toMatchObject({ failure: { code: 'may-not-sign', message: expect.stringMatching(why) } });
  });

  test("with the CA's own key", async () => {
    const own = unwrap(await made.signer.adopt(anAdoption('own', key)));
    const result = await made.signer.signLeaf(aRequest({ ca: own.name }));
    expect(result).toMatchObject({ failure: { message: expect.stringMatching(/its key is the CA's own/) } });
  });

  test('of a CA that is not there', async () => {
    expect(codeOf(await made.signer.signLeaf(aRequest({ ca: 'nobody' })))).toBe('unknown-ca');
    expect(codeOf(await made.signer.signLeaf(aRequest({ ca: '../etcd' })))).toBe('unknown-ca');
  });

  test('for a text that is no request', async () => {
    expect(codeOf(await made.signer.signLeaf(aRequest({ csr: 'hello' })))).toBe('bad-csr');
  });
});

describe('a canary', () => {
  const place = { rotation: 'r', step: 'trust-m1', holder: 'member/m1' };
  const { usages: _, ...within } = allowed;
  const aCanary = (domain: 'client' | 'peer', minutes: number): CanaryRequest => ({
    ...aRequest({ notAfter: new Date(noon.getTime() + minutes * 60_000) }),
    allowed: within,
    canary: { ...place, domain },
  });

  test('may only be a client on the client port', async () => {
    expect(unwrap(await made.signer.signCanary(aCanary('client', 10))).facts.usages).toEqual(['clientAuth']);
  });

  test('may be both on the peer port', async () => {
    expect(unwrap(await made.signer.signCanary(aCanary('peer', 5))).facts.usages).toEqual([
      'serverAuth',
      'clientAuth',
    ]);
  });

  test('is signed for a step that is under way, and for no other', async () => {
    const wanted = aCanary('client', 5);
    for (const other of [{ rotation: 's' }, { step: 'trust-m2' }, { holder: 'member/m2' }] as const) {
      const canary = { ...wanted.canary, ...other };
      expect(await made.signer.signCanary({ ...wanted, canary })).toMatchObject({
        failure: { code: 'may-not-sign', message: expect.stringMatching(/is not under way/) },
      });
    }
    using alone = unwrap(await openSigner({ folder: made.folder, passphrase }));
    expect(codeOf(await alone.signCanary(wanted))).toBe('may-not-sign');
  });

  test('lives for ten minutes at most', async () => {
    expect(codeOf(await made.signer.signCanary(aCanary('client', 10.1)))).toBe('may-not-sign');
    expect(codeOf(await made.signer.signCanary(aCanary('client', Number.NaN)))).toBe('may-not-sign');
  });

  test('is bound by subject and names like a leaf', async () => {
    const csr = csrWith({ subject: nameFrom({ commonName: 'root' }) });
    expect(codeOf(await made.signer.signCanary({ ...aCanary('peer', 5), csr }))).toBe('may-not-sign');
  });
});

describe('a specimen', () => {
  const order = { ca: 'etcd', subject, names, usages: [...allowed.usages] };
  const life = { notBefore: daysFromNoon(0), notAfter: daysFromNoon(30) };

  test('says what was ordered, and is accepted under its CA', async () => {
    const leaf = unwrap(await made.signer.signSpecimen({ ...order, ...life }));
    expect(leaf.facts).toMatchObject({ subject: 'CN=etcd-1', issuer: 'CN=etcd', names, isCa: false });
    expect(leaf.facts.notAfter).toBe(daysFromNoon(30).toISOString());
    const bundle = [unwrap(readCertificate(made.signer.list()[0]?.certificate ?? ''))];
    const from = daysFromNoon(1);
    expect(accepts({ chain: [leaf], bundle, purpose: 'serverAuth', from, until: from })).toEqual({
      accepted: true,
    });
  });

  test('ends where its CA ends', async () => {
    const leaf = unwrap(await made.signer.signSpecimen({ ...order, ...life, notAfter: daysFromNoon(4000) }));
    expect(leaf.facts.notAfter).toBe(daysFromNoon(365).toISOString());
  });

  test('is for a key that nobody gave, the same for all', async () => {
    const [one, other] = [
      unwrap(await made.signer.signSpecimen({ ...order, ...life })),
      unwrap(await made.signer.signSpecimen({ ...order, ...life, usages: ['clientAuth'] })),
    ];
    expect(one.facts.publicKey).toBe(other.facts.publicKey);
    expect(one.facts.publicKey).not.toBe(unwrap(await made.signer.signLeaf(aRequest())).facts.publicKey);
  });

  test('is made by no CA that is not there, and by none after the signer was closed', async () => {
    expect(codeOf(await made.signer.signSpecimen({ ...order, ...life, ca: 'nobody' }))).toBe('unknown-ca');
    await using other = await aSigner('etcd');
    const asked = other.signer.signSpecimen({ ...order, ...life });
    other.signer.close();
    expect(codeOf(await asked)).toBe('bad-key');
  });
});

describe('takes over a CA', () => {
  test('and signs with it', async () => {
    const own = await generateKey('ecdsa-p384');
    const record = unwrap(await made.signer.adopt(anAdoption('taken', own)));
    expect(record).toMatchObject({ name: 'taken', facts: { keyKind: 'ecdsa-p384' } });
    expect(unwrap(await made.signer.signLeaf(aRequest({ ca: 'taken' }))).facts.issuer).toBe('CN=taken');
  });

  test('but not with the key of another', async () => {
    const adoption = { ...anAdoption('pair', await generateKey('ecdsa-p256')), key };
    expect(await made.signer.adopt(adoption)).toMatchObject({
      failure: { code: 'key-mismatch', message: 'the key is not that of CN=pair' },
    });
  });

  test.each([
    ['PKCS#1', 'rsa', { type: 'pkcs1', format: 'pem' }],
    ['SEC 1', 'ec', { type: 'sec1', format: 'pem' }],
    ['PKCS#8', 'ec', { type: 'pkcs8', format: 'pem' }],
  ] as const)('whose key is in %s, and keeps it in PKCS#8', async (_, kind, format) => {
    const own = aKeyAs(kind, format);
    const name = `from-${format.type}`;
    unwrap(await made.signer.adopt(anAdoption(name, new Secret(`# from elsewhere\n${own}`))));
    expect(unwrap(await made.signer.signLeaf(aRequest({ ca: name }))).facts.issuer).toBe(`CN=${name}`);
    using again = unwrap(await openSigner({ folder: made.folder, passphrase }));
    expect(unwrap(await again.signLeaf(aRequest({ ca: name }))).facts.issuer).toBe(`CN=${name}`);
  });

  test.each([
    ['pkcs8', 'rsa'],
    ['pkcs1', 'rsa'],
    ['sec1', 'ec'],
  ] as const)('but not with an encrypted key (%s, %s), and says how to decrypt it', async (type, kind) => {
    const cipher = { cipher: 'aes-256-cbc', passphrase: 'x' };
    const own = new Secret(aKeyAs(kind, { type, format: 'pem', ...cipher }));
    const adoption = { ...anAdoption('locked', await generateKey('ecdsa-p256')), key: own };
    expect(await made.signer.adopt(adoption)).toMatchObject({
      failure: {
        code: 'bad-key',
        message: 'the private key is encrypted',
        hint: expect.stringMatching(/openssl/),
      },
    });
  });

  test('but not with something that is no key', async () => {
    const adoption = { ...anAdoption('none', await generateKey('ecdsa-p256')), key: new Secret('hello') };
    expect(await made.signer.adopt(adoption)).toMatchObject({
      failure: { code: 'bad-key', message: 'the private key cannot be read' },
    });
  });

  test('but not a leaf', async () => {
    const leaf = unwrap(await made.signer.signLeaf(aRequest()));
    const result = await made.signer.adopt({ name: 'leaf', certificate: leaf.pem, key });
    expect(result).toMatchObject({
      failure: { code: 'bad-certificate', message: 'CN=etcd-1 may not sign certificates' },
    });
  });

  test.each(['', 'kdf', '../up', 'A', 'a'.repeat(64), 'a b', '-a'])(
    'but not by the name "%s"',
    async (name) => {
      expect(codeOf(await made.signer.create(aCaOrder(name)))).toBe('bad-usage');
    },
  );

  test('but not by a name that is taken', async () => {
    expect(codeOf(await made.signer.create(aCaOrder('etcd')))).toBe('exists');
    expect(codeOf(await made.signer.adopt(anAdoption('etcd', key)))).toBe('exists');
  });
});

test('shows no key, however it is printed', async () => {
  const stored = JSON.parse(await readFile(join(made.folder, 'kdf.json'), 'utf8'));
  const printed = inspect(made.signer, { depth: 9, showHidden: true }) + JSON.stringify(made.signer);
  expect(printed).not.toMatch(/PRIVATE|Buffer|#/);
  expect(printed).not.toContain(stored.kdf.salt);
});

test('signs nothing after it was closed', async () => {
  await using other = await aSigner('etcd');
  other.signer.close();
  expect(codeOf(await other.signer.signLeaf(aRequest()))).toBe('unknown-ca');
});

function late(days: number): Partial<LeafRequest> {
  return { allowed: { ...allowed, maxNotAfter: daysFromNoon(days) }, notAfter: daysFromNoon(days) };
}

function anAdoption(name: string, own: Secret) {
  const certificate = makeCa({
    subject: { commonName: name },
    key: own,
    notBefore: daysFromNoon(-1),
    notAfter: daysFromNoon(99),
  });
  return { name, certificate: certificate.pem, key: own };
}

function aKey(namedCurve: 'P-384' | 'P-521'): Secret {
  const { privateKey } = generateKeyPairSync('ec', { namedCurve });
  return new Secret(privateKey.export({ type: 'pkcs8', format: 'pem' }).toString());
}

function aKeyAs(kind: 'rsa' | 'ec', format: object): string {
  const { privateKey } =
    kind === 'rsa'
      ? generateKeyPairSync('rsa', { modulusLength: 2048 })
      : generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return privateKey.export(format as KeyExportOptions<'pem'>).toString();
}

function codeOf(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.failure.code;
}
