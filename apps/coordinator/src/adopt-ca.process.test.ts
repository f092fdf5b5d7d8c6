import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chown, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { sayAdopted } from '@etcd-rotate/daemon';
import { lockFolder } from '@etcd-rotate/journal';
import { type Result, Secret } from '@etcd-rotate/protocol';
import { type CaRecord, openSigner } from '@etcd-rotate/signer';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { unwrap } from '../test/a-store.ts';
import { type AdoptOptions, adoptCa } from './adopt-ca.ts';

const passphrase = new Secret('correct horse');
const cfssl = join(process.env.CFSSL_BIN || resolve(import.meta.dirname, '../../../.cache/bin'), 'cfssl');

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'adopt-'));
  await mkdir(at('state'));
});
afterEach(() => rm(folder, { recursive: true }));

test.each([
  ['rsa', 2048],
  ['rsa', 3072],
  ['ecdsa', 256],
  ['ecdsa', 384],
] as const)(
  'takes a CA of cfssl (%s %i), which signs from then on, and leaves the files alone',
  async (algo, size) => {
    await cfsslCa({ algo, size });
    const before = [await text('ca.pem'), await text('ca-key.pem')];
    const adopted = unwrap(await adopt());
    expect(adopted).toMatchObject({ name: 'old', facts: { subject: 'CN=etcd CA', isCa: true } });
    expect([await text('ca.pem'), await text('ca-key.pem')]).toEqual(before);

    using signer = unwrap(await openSigner({ folder: at('state/cas'), passphrase }));
    expect(signer.list()).toEqual([adopted]);
    const life = { notBefore: new Date(), notAfter: new Date(Date.now() + 60_000) };
    const names = { dns: ['m1'], ip: [] };
    const order = { ca: 'old', subject: Buffer.from('3000', 'hex'), names, usages: ['serverAuth' as const] };
    expect(unwrap(await signer.signSpecimen({ ...order, ...life })).facts.issuer).toBe('CN=etcd CA');
  },
);

test.each([
  ['PKCS#1', ['rsa', '-traditional']],
  ['SEC 1', ['ec']],
  ['PKCS#8', ['pkey']],
])('takes a CA of openssl whose key is in %s', async (form, convert) => {
  opensslCa(form === 'PKCS#1' ? 'rsa:2048' : 'ec');
  openssl(...convert, '-in', at('ca-key.pem'), '-out', at('converted.pem'));
  expect(unwrap(await adopt({ key: at('converted.pem') })).facts.subject).toBe('CN=openssl CA');
});

test('says what is held now, and that the original key is a risk', async () => {
  opensslCa();
  const adopted = unwrap(await adopt());
  const said = sayAdopted({ ...adopted, keyFile: at('ca-key.pem'), isOpen: false }).join('\n');
  const { fingerprint, notAfter } = adopted.facts;
  for (const part of ['old', 'CN=openssl CA', fingerprint, notAfter]) expect(said).toContain(part);
  expect(said).toContain(`still in ${at('ca-key.pem')}, unencrypted`);
  expect(said).not.toContain('PRIVATE KEY');
});

test.runIf(process.getuid?.() === 0)(
  'run by root, gives what it made to the owner of the state',
  async () => {
    opensslCa();
    await chown(at('state'), 65_534, 65_534);
    unwrap(await adopt());
    const made = await readdir(at('state'), { recursive: true });
    expect(made.length).toBeGreaterThan(3);
    for (const name of made) expect((await stat(at(`state/${name}`))).uid, name).toBe(65_534);
  },
);

describe('refuses, and writes nothing,', () => {
  beforeEach(() => opensslCa());
  afterEach(async () => expect(await readdir(at('state'))).toEqual([]));

  test('a key of another CA', async () => {
    opensslCa('ec', 'other');
    const refused = await adopt({ key: at('other-key.pem') });
    expect(codeOf(refused)).toBe('key-mismatch');
    expect(refused).toMatchObject({ failure: { message: expect.stringContaining(at('other-key.pem')) } });
  });

  test('a leaf', async () => {
    openssl(
      'req',
      '-new',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:P-256',
      '-nodes',
      '-subj',
      '/CN=leaf',
      '-keyout',
      at('leaf-key.pem'),
      '-out',
      at('leaf.csr'),
    );
    await writeFile(at('leaf.ext'), 'basicConstraints=CA:FALSE\n');
    openssl(
      'x509',
      '-req',
      '-in',
      at('leaf.csr'),
      '-CA',
      at('ca.pem'),
      '-CAkey',
      at('ca-key.pem'),
      '-days',
      '9',
      '-extfile',
      at('leaf.ext'),
      '-out',
      at('leaf.pem'),
    );
    const refused = await adopt({ cert: at('leaf.pem'), key: at('leaf-key.pem') });
    expect(refused).toMatchObject({
      failure: { code: 'bad-certificate', message: `${at('leaf.pem')}: CN=leaf may not sign certificates` },
    });
  });

  test.each(['pkcs8', 'traditional'])('an encrypted key (%s), and says how to decrypt it', async (form) => {
    const how =
      form === 'pkcs8' ? ['pkcs8', '-topk8', '-passout', 'pass:x'] : ['ec', '-aes256', '-passout', 'pass:x'];
    openssl(...how, '-in', at('ca-key.pem'), '-out', at('locked.pem'));
    expect(await adopt({ key: at('locked.pem') })).toMatchObject({
      failure: {
        code: 'bad-key',
        message: expect.stringMatching(/encrypted/),
        hint: expect.stringMatching(/openssl pkey/),
      },
    });
  });

  test('a name that is none, files that are not there or no PEM, and a CA that has expired', async () => {
    expect(codeOf(await adopt({ name: 'Old CA' }))).toBe('bad-usage');
    expect(codeOf(await adopt({ cert: at('nowhere.pem') }))).toBe('bad-file');
    expect(codeOf(await adopt({ cert: at('ca-key.pem') }))).toBe('bad-certificate');
    expect(codeOf(await adopt({ key: at('ca.pem') }))).toBe('bad-key');
    expect(codeOf(await adopt({ now: () => new Date('2099-01-01') }))).toBe('certificate-expired');
  });
});

test('refuses a name in use and a CA that is held already, and leaves what is there alone', async () => {
  opensslCa();
  opensslCa('ec', 'other');
  unwrap(await adopt());
  const before = await text('state/cas/old.json');
  expect(codeOf(await adopt({ cert: at('other.pem'), key: at('other-key.pem') }))).toBe('exists');
  expect(await adopt({ name: 'again' })).toMatchObject({
    failure: { code: 'exists', message: 'CN=openssl CA is held already, as old' },
  });
  expect((await readdir(at('state/cas'))).sort()).toEqual(['kdf.json', 'old.json']);
  expect(await text('state/cas/old.json')).toBe(before);
});

test('refuses while somebody holds the state folder, and says what to do', async () => {
  opensslCa();
  using _daemon = unwrap(await lockFolder(at('state/journal')));
  const refused = await adopt();
  expect(refused).toMatchObject({
    failure: { code: 'state-locked', hint: expect.stringMatching(/stop it/) },
  });
  expect(existsSync(at('state/cas'))).toBe(false);
});

test('refuses a passphrase that is not the one of the store', async () => {
  opensslCa();
  unwrap(await adopt());
  const settings = { stateFolder: at('state'), passphrase: new Secret('battery') };
  expect(codeOf(await adopt({ name: 'other', settings }))).toBe('wrong-passphrase');
});

function adopt(change: Partial<AdoptOptions> = {}): Promise<Result<CaRecord>> {
  return adoptCa({
    settings: { stateFolder: at('state'), passphrase },
    name: 'old',
    cert: at('ca.pem'),
    key: at('ca-key.pem'),
    now: () => new Date(),
    ...change,
  });
}

function codeOf(result: Result<unknown>): string {
  return result.ok ? 'ok' : result.failure.code;
}

function at(name: string): string {
  return join(folder, name);
}

function text(name: string): Promise<string> {
  return readFile(at(name), 'utf8');
}

async function cfsslCa(key: { algo: string; size: number }): Promise<void> {
  const input = JSON.stringify({ CN: 'etcd CA', key });
  const made = JSON.parse(
    execFileSync(cfssl, ['gencert', '-loglevel=2', '-initca', '-'], {
      input,
      encoding: 'utf8',
      stdio: 'pipe',
    }),
  );
  await writeFile(at('ca.pem'), made.cert);
  await writeFile(at('ca-key.pem'), made.key, { mode: 0o600 });
}

function opensslCa(key = 'ec', name = 'ca'): void {
  const curve = key === 'ec' ? ['-pkeyopt', 'ec_paramgen_curve:P-256'] : [];
  const files = ['-keyout', at(`${name}-key.pem`), '-out', at(`${name}.pem`)];
  openssl(
    'req',
    '-x509',
    '-newkey',
    key,
    ...curve,
    '-nodes',
    '-days',
    '99',
    '-subj',
    '/CN=openssl CA',
    ...files,
  );
}

function openssl(...args: string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}
