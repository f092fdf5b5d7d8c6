import { createPrivateKey, sign } from 'node:crypto';
import { pemBlock } from '../../packages/pki/src/pem.ts';
import { readDer } from '../../packages/pki/src/read-der.ts';
import { algorithmIdentifier } from '../../packages/pki/src/signature-algorithm.ts';
import { bits, integer, sequence, time, toDer } from '../../packages/pki/src/write-der.ts';
import type { Group } from './case.ts';
import { aCa, aLeaf, bundleOf, shown } from './makers.ts';

// Revocation lists: serials alone count, whoever issued them (facts: etcd, section 2).

const root = aCa('root');
const other = aCa('other root');
const middle = aCa('middle', { issuer: root });
const good = aCa('good middle', { issuer: root });
const gone = aLeaf(root, { serial: '7f0102030405060708090a0b0c0d0e0f' });
const high = aLeaf(root, { serial: 'ff01' });
const serials = [gone, high, middle].map(({ certificate }) => certificate.facts.serial);

function crlOf(...serials: string[]): Uint8Array {
  const key = createPrivateKey(root.key.reveal());
  const days = (count: number) => time(new Date(Date.now() + count * 86_400_000));
  const entries = serials.map((serial) => sequence(integer(Buffer.from(serial, 'hex')), days(-1)));
  const body = sequence(
    integer(Buffer.from([1])),
    algorithmIdentifier(key),
    readDer(root.certificate.parts.subject),
    days(-2),
    days(9),
    ...(entries.length > 0 ? [sequence(...entries)] : []),
  );
  return toDer(sequence(body, algorithmIdentifier(key), bits(sign('sha256', toDer(body), key))));
}

const der = crlOf(...serials);
const pem = pemBlock('X509 CRL', der);

const revokedIn = (title: string, crl: Uint8Array): Group => ({
  title,
  bundle: bundleOf(root, other),
  crl,
  arrivals: [
    {
      rule: `${title}: a leaf that is not on it gets in`,
      shows: shown(aLeaf(root)),
      says: 'both accept',
    },
    {
      rule: `${title}: a leaf that is on it does not`,
      shows: shown(gone),
      says: 'only openssl accepts',
      because: /serial 7f01.* is on the CRL/,
    },
    {
      rule: `${title}: a serial with its top bit set is found`,
      shows: shown(high),
      says: 'only openssl accepts',
      because: /serial ff01 .* is on the CRL/,
    },
    {
      rule: `${title}: the serial of another CA's leaf is found as well`,
      shows: shown(aLeaf(other, { serial: 'ff01' })),
      says: 'only openssl accepts',
      because: /is on the CRL/,
    },
    {
      rule: `${title}: an intermediate that is on it shuts out its leaves`,
      shows: shown(aLeaf(middle), middle),
      says: 'only openssl accepts',
      because: /CN=middle is on the CRL/,
    },
    {
      rule: `${title}: another intermediate does not`,
      shows: shown(aLeaf(good), good),
      says: 'both accept',
    },
    {
      rule: `${title}: a certificate of no use that is sent along counts too`,
      shows: shown(aLeaf(root), middle),
      says: 'only openssl accepts',
      because: /CN=middle is on the CRL/,
    },
  ],
});

const inBundle: Group = {
  title: 'a CRL with an intermediate that is in the bundle',
  bundle: bundleOf(root, middle),
  crl: der,
  arrivals: [
    {
      rule: 'an intermediate in the bundle that is on the CRL counts only when it is sent',
      shows: shown(aLeaf(middle)),
      says: 'both accept',
    },
  ],
  servers: [
    {
      rule: 'who dials does not look at a CRL',
      shows: shown(aLeaf(root, { serial: 'ff01', names: { dns: [], ip: ['127.0.0.1'] } })),
      says: 'both accept',
    },
  ],
};

const useless = (title: string, crl: Uint8Array): Group => ({
  title,
  bundle: bundleOf(root),
  crl,
  arrivals: [
    {
      rule: `${title} shuts out everybody`,
      shows: shown(aLeaf(root)),
      says: 'only openssl accepts',
      because: /the CRL cannot be read/,
    },
  ],
});

const emptyList: Group = {
  title: 'a CRL with nothing on it',
  bundle: bundleOf(root),
  crl: crlOf(),
  arrivals: [{ rule: 'a CRL with nothing on it shuts out nobody', shows: shown(gone), says: 'both accept' }],
};

export const revoked: Group[] = [
  revokedIn('a CRL in PEM', Buffer.from(pem)),
  revokedIn('a CRL in DER', der),
  inBundle,
  emptyList,
  useless('a CRL file that is empty', Buffer.alloc(0)),
  useless('a CRL in PEM with text before it', Buffer.from(`Certificate Revocation List:\n${pem}`)),
  useless('a CRL that is cut off', der.subarray(0, der.length - 20)),
];
