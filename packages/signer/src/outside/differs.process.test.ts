import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { generateKey, readCertificate, readCsr } from '@etcd-rotate/pki';
import type { Usage } from '@etcd-rotate/protocol';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { unwrap } from '../../test/a-signer.ts';
import { anOutsideCa, type CaFilesForTest } from '../../test/an-outside-ca.ts';
import { type Answer, differs } from './differs.ts';
import { readOutsideChain } from './read-outside-chain.ts';

// Each answer is what openssl signs; of all but one thing it is what was asked for.

const minute = 60_000;
const day = 24 * 60 * minute;
const subject = '/O=Example/OU=etcd/CN=m1';
const good = {
  basicConstraints: 'critical,CA:FALSE',
  keyUsage: 'critical,digitalSignature,keyEncipherment',
  extendedKeyUsage: 'serverAuth,clientAuth',
  subjectAltName: 'DNS:m1,DNS:localhost,IP:127.0.0.1,IP:::1',
};

let folder: string;
let ca: CaFilesForTest;
let asked: Answer['order']['csr'];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'differs-'));
  ca = await anOutsideCa('outside');
  for (const name of ['key', 'other-key'])
    writeFileSync(path(name), (await generateKey('ecdsa-p256')).reveal(), { mode: 0o600 });
  const pem = aCsr({});
  asked = { pem, read: unwrap(readCsr(pem)) };
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await ca[Symbol.asyncDispose]();
});

test('what was asked for is not refused', () => {
  expect(differs(anAnswer({}))).toBeUndefined();
});

test.each<[string, Made, string, RegExp]>([
  ['signed by a CA of the same name', { ca: () => twin() }, 'issuer', /is not signed by CN=outside/],
  ['for another key', { key: 'other-key' }, 'other', /for another key/],
  ['that is a CA', { basicConstraints: 'critical,CA:TRUE' }, 'ca', /may sign certificates/],
  ['that may sign certificates', { keyUsage: 'digitalSignature,keyCertSign' }, 'ca', /may sign certificates/],
  ['that may sign CRLs', { keyUsage: 'digitalSignature,cRLSign' }, 'ca', /may sign certificates/],
  ['with another common name', { subject: '/O=Example/OU=etcd/CN=m2' }, 'subject', /CN=m2/],
  ['with a common name of other letters', { subject: '/O=Example/OU=etcd/CN=M1' }, 'subject', /CN=M1/],
  ['with a common name and a space', { subject: '/O=Example/OU=etcd/CN=m1 ' }, 'subject', /CN=m1/],
  ['with an attribute more', { subject: '/O=Example/OU=etcd/OU=x/CN=m1' }, 'subject', /OU=x/],
  ['with an attribute less', { subject: '/O=Example/CN=m1' }, 'subject', /"CN=m1,O=Example"/],
  ['with a value in another attribute', { subject: '/OU=Example/O=etcd/CN=m1' }, 'subject', /OU=Example/],
  [
    'with a name more',
    { subjectAltName: `${good.subjectAltName},DNS:evil` },
    'names',
    /not asked for: "evil"/,
  ],
  ['with an address more', { subjectAltName: `${good.subjectAltName},IP:10.0.0.1` }, 'names', /"10.0.0.1"/],
  ['with a wildcard more', { subjectAltName: `${good.subjectAltName},DNS:*` }, 'names', /"\*"/],
  ['with a name less', { subjectAltName: 'DNS:m1,IP:127.0.0.1,IP:::1' }, 'names', /lacks .*"localhost"/],
  ['without names', { subjectAltName: undefined }, 'names', /lacks/],
  ['with a URI', { subjectAltName: `${good.subjectAltName},URI:spiffe://x` }, 'names', /neither DNS names/],
  [
    'with a mail address',
    { subjectAltName: `${good.subjectAltName},email:a@b` },
    'names',
    /neither DNS names/,
  ],
  ['with a usage more', { extendedKeyUsage: 'serverAuth,clientAuth,codeSigning' }, 'usages', /"codeSigning"/],
  [
    'with any usage',
    { extendedKeyUsage: 'serverAuth,clientAuth,anyExtendedKeyUsage' },
    'usages',
    /not allowed/,
  ],
  ['without usages, and so for any', { extendedKeyUsage: undefined }, 'usages', /not allowed: "any"/],
  ['with a usage less', { extendedKeyUsage: 'serverAuth' }, 'usages', /lacks .*"clientAuth"/],
  ['that may not sign handshakes', { keyUsage: 'keyEncipherment' }, 'usages', /lacks .*"digital signature"/],
  ['that does not say what its key is for', { keyUsage: undefined }, 'usages', /"digital signature"/],
  ['whose key is for more', { keyUsage: 'digitalSignature,dataEncipherment' }, 'usages', /TLS does not need/],
  [
    'with a critical extension',
    { '1.2.3.4': 'critical,ASN1:NULL' },
    'other',
    /critical extensions .*"1.2.3.4"/,
  ],
  ['with constraints', { nameConstraints: 'permitted;DNS:m1' }, 'ca', /may sign certificates/],
  ['without a serial number', { serial: '0' }, 'other', /its serial number is "0+"/],
  ['with a serial number below nought', { serial: '-5' }, 'other', /its serial number is "-/],
  ['with a serial number too long', { serial: `0x7${'f'.repeat(41)}` }, 'other', /its serial number/],
  ['that begins in the future', { now: -2 * day }, 'life', /begins in the future/],
  ['that lives for longer than was asked for', { days: 40 }, 'life', /allowed is until/],
  ['that outlives its CA', { days: 5000, asked: 6000 }, 'life', /allowed is until/],
  ['that ends sooner than it is needed', { days: 1, needed: 2 * day }, 'life', /only, needed is until/],
  ['signed with SHA-1', { hash: '-sha1' }, 'other', /would be refused/],
])('an answer %s is refused', (_, made, fault, what) => {
  expect(differs(anAnswer(made))).toEqual({ fault, what: expect.stringMatching(what) });
});

test.each<[string, Made]>([
  ['with the names in another order', { subjectAltName: 'IP:::1,DNS:LOCALHOST,IP:127.0.0.1,DNS:m1' }],
  ['with the usages in another order', { extendedKeyUsage: 'clientAuth,serverAuth' }],
  ['with a key that may agree on keys', { keyUsage: 'digitalSignature,keyEncipherment,keyAgreement' }],
  ['with its subject in another order', { subject: '/CN=m1/OU=etcd/O=Example' }],
  ['with its subject in another kind of string', { subject, utf8: false }],
  ['with where to ask about its revocation', { authorityInfoAccess: 'OCSP;URI:http://x' }],
  ['that ends a little sooner', { days: 20 }],
])('an answer %s is not refused', (_, made) => {
  expect(differs(anAnswer(made))).toBeUndefined();
});

test('of several common names the last is the one that counts', () => {
  const pem = aCsr({ subject: '/CN=a/CN=b' });
  const order = { ...anAnswer({}).order, csr: { pem, read: unwrap(readCsr(pem)) } };
  expect(differs({ ...anAnswer({ subject: '/CN=a/CN=b' }), order })).toBeUndefined();
  expect(differs({ ...anAnswer({ subject: '/CN=b/CN=a' }), order })).toMatchObject({ fault: 'subject' });
});

test('a canary that lives for longer than ten minutes is refused, and one that ends too soon', () => {
  const answer = anAnswer({ days: 1 });
  const canary = { ...answer, order: { ...answer.order, kind: 'canary' as const } };
  const end = answer.leaf.parts.notAfter;
  const at = (minutes: number) => ({
    now: new Date(end - minutes * minute),
    neededUntil: new Date(end - minute),
  });
  expect(differs({ ...canary, ...at(10) })).toBeUndefined();
  expect(differs({ ...canary, ...at(10.1) })).toMatchObject({ fault: 'canary-life' });
  expect(differs({ ...canary, ...at(5), neededUntil: new Date(end + 1) })).toMatchObject({
    fault: 'canary-life',
  });
});

test('a leaf of an intermediate is accepted with what is above it', () => {
  const between = sign({
    ...{ subject: '/CN=between', basicConstraints: 'critical,CA:TRUE', keyUsage: 'keyCertSign,cRLSign' },
    ...{
      extendedKeyUsage: undefined,
      subjectAltName: undefined,
      subjectKeyIdentifier: 'hash',
      key: 'other-key',
    },
    days: 100,
  });
  writeFileSync(path('between'), between);
  const chain = unwrap(readOutsideChain(between + ca.certificate.pem, 'ca.pem'));
  expect(chain.root.facts.subject).toBe('CN=outside');
  expect(chain.between.map(({ facts }) => facts.subject)).toEqual(['CN=between']);
  const issuer = { cert: path('between'), key: path('other-key') };
  const answer = anAnswer({ authorityKeyIdentifier: 'keyid', ca: () => issuer });
  expect(differs({ ...answer, ca: chain })).toBeUndefined();
  expect(differs(answer)).toMatchObject({ fault: 'issuer' });
});

test.each([
  ['a leaf', () => sign({}), /may not sign certificates/],
  [
    'two CAs that have nothing to do with each other',
    () => ca.certificate.pem + twinPem(),
    /is not signed by/,
  ],
  [
    'an intermediate alone',
    () => sign({ basicConstraints: 'critical,CA:TRUE', keyUsage: 'keyCertSign' }),
    /is no root/,
  ],
  ['nothing', () => '', /has no certificate/],
])('%s is no certificate of a CA outside', (_, pem, why) => {
  expect(readOutsideChain(pem(), '/etc/ca.pem')).toMatchObject({
    failure: { code: 'bad-certificate', message: expect.stringMatching(why) },
  });
});

interface Pair {
  cert: string;
  key: string;
}

interface Wish {
  ca: () => Pair;
  /** The name of a file. */
  key: 'key' | 'other-key';
  subject: string;
  /** Of its strings. */
  utf8: boolean;
  days: number;
  /** How many days of life were asked for. */
  asked: number;
  /** From now on, in milliseconds, until when it is needed. */
  needed: number;
  /** What the clock says when it is looked at, from now on. */
  now: number;
  serial: string;
  hash: string;
}
type Made = Partial<Wish> & { [Extension in keyof typeof good]?: string | undefined } & {
  [Other in
    | 'authorityInfoAccess'
    | 'authorityKeyIdentifier'
    | 'subjectKeyIdentifier'
    | 'nameConstraints'
    | '1.2.3.4']?: string;
};

function anAnswer(made: Made): Answer {
  const now = new Date(Date.now() + (made.now ?? minute));
  const names = { dns: ['m1', 'localhost'], ip: ['127.0.0.1', '::1'] };
  const usages: Usage[] = ['serverAuth', 'clientAuth'];
  const notAfter = new Date(Date.now() + (made.asked ?? 30) * day);
  return {
    leaf: unwrap(readCertificate(sign(made))),
    ca: ca.chain,
    order: { kind: 'leaf', csr: asked, commonName: 'm1', names, usages, notAfter, now },
    neededUntil: new Date(now.getTime() + (made.needed ?? 60 * minute)),
    now,
  };
}

/** Signs with openssl, which does what it is told. */
function sign(made: Made): string {
  const {
    ca: by = () => ca.files,
    key: _k,
    subject: _s,
    utf8: _u,
    asked: _a,
    needed: _n,
    now: _w,
    ...rest
  } = made;
  const { days = 30, serial = '0x1234567890abcdef', hash = '-sha256', ...extensions } = rest;
  const lines = Object.entries({ ...good, ...extensions }).flatMap(([id, value]) =>
    value === undefined ? [] : [`${id}=${value}`],
  );
  writeFileSync(path('extensions'), lines.join('\n'));
  writeFileSync(path('csr'), aCsr(made));
  const { cert, key } = by();
  return openssl([
    ...['x509', '-req', '-in', path('csr'), '-CA', cert, '-CAkey', key, '-set_serial', serial, hash],
    ...['-days', String(days), '-extfile', path('extensions')],
  ]);
}

function aCsr({ key = 'key', subject: name = subject, utf8 = true }: Made): string {
  const strings = utf8 ? ['-utf8'] : ['-nameopt', 'multiline'];
  const mask = utf8 ? 'utf8only' : 'default';
  writeFileSync(path('config'), `[req]\nstring_mask=${mask}\ndistinguished_name=d\n[d]\n`);
  return openssl(['req', '-new', '-key', path(key), '-subj', name, '-config', path('config'), ...strings]);
}

/** Another CA of the same name. */
function twin(): Pair {
  const pair = { cert: path('twin'), key: path('other-key') };
  writeFileSync(pair.cert, twinPem());
  return pair;
}

function twinPem(): string {
  const args = ['req', '-x509', '-new', '-key', path('other-key'), '-subj', '/CN=outside', '-days', '100'];
  return openssl([
    ...args,
    '-addext',
    'basicConstraints=critical,CA:TRUE',
    '-addext',
    'keyUsage=keyCertSign',
  ]);
}

function openssl(args: string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: 'pipe' });
}

function path(name: string): string {
  return join(folder, name);
}
