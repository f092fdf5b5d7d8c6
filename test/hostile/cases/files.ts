import { execFileSync } from 'node:child_process';
import { readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { pemBlock } from '../../../packages/pki/src/pem.ts';
import { objectId, octets, sequence } from '../../../packages/pki/src/write-der.ts';
import { aCa, aLeaf, firstCa } from '../../lab-pki.ts';
import { keeping, memberOf } from '../../provoked.ts';
import type { Case, Scene } from '../case.ts';
import { once } from '../held-case.ts';
import { planned } from '../rotation.ts';

/** What lies where a node's files of etcd should be, as a dry run sees it: it is refused by name, or etcd reads it too. */
export const hostileFiles: Scene = (stage) => {
  const { lab } = stage;
  const m2 = memberOf(lab, 'm2');
  const ca = firstCa(lab, 'ca');
  const text = readFileSync(m2.ca, 'utf8');
  const der = ca.certificate.der;
  const other = aCa('Another CA');
  const leaf = aLeaf(ca);
  const asOf = (bytes: Uint8Array): string => pemBlock('CERTIFICATE', bytes);
  const damaged = (change: (bytes: Buffer) => void): string => {
    const bytes = Buffer.from(der);
    change(bytes);
    return text + asOf(bytes);
  };
  const bundles: Record<string, [expected: string, contents: () => string]> = {
    'a private key in it': ['bad-bundle', () => text + ca.key.reveal()],
    'an EC private key block in it': [
      'bad-bundle',
      () => `${text}${ca.key.reveal().replaceAll('PRIVATE KEY', 'EC PRIVATE KEY')}`,
    ],
    'a leaf in it, which etcd takes for a CA that issues nothing': [
      'planned',
      () => text + leaf.certificate.pem,
    ],
    'garbage between its blocks, which etcd passes over': [
      'planned',
      () => `${text}\nnobody reads this: \u0000\u0001 \ud83d\ude00\n\n${text}`,
    ],
    'its blocks glued together': ['bad-bundle', () => text.trimEnd() + text],
    'CRLF, which etcd bears': ['planned', () => text.replaceAll('\n', '\r\n')],
    'a BOM at its beginning': ['bad-bundle', () => `\ufeff${text}`],
    '10,000 certificates': ['bad-file', () => text + other.certificate.pem.repeat(10_000)],
    '201 different CAs': ['bad-bundle', () => text.repeat(201)],
    'CAs that signed each other in a circle, which etcd bears': ['planned', () => text + circle()],
    'a certificate that is cut off': ['bad-bundle', () => text + text.slice(0, 400)],
    'no certificate at all': ['bad-bundle', () => '\n'],
    'bytes behind the DER': ['bad-bundle', () => text + asOf(Buffer.concat([der, Buffer.from([0])]))],
    'a length of four gigabytes': [
      'bad-bundle',
      () => damaged((bytes) => bytes.set([0x30, 0x84, 0xff, 0xff, 0xff, 0xff])),
    ],
    'a length that ends beyond its file': [
      'bad-bundle',
      () => damaged((bytes) => bytes.writeUInt16BE(bytes.readUInt16BE(2) + 100, 2)),
    ],
    'a length without an end': ['bad-bundle', () => damaged((bytes) => bytes.set([0x30, 0x80]))],
    'a thousand lists in lists': ['bad-bundle', () => text + asOf(deep(1_000))],
    'a negative serial number, which etcd bears': [
      'planned',
      () => text + asOf(negative(aCa('A CA below zero', { serial: '7f01' }).certificate.der)),
    ],
    'an extension of half a megabyte': [
      'bad-bundle',
      () =>
        text +
        aCa('A large CA', {
          more: [sequence(objectId('1.3.6.1.4.1.99999.1'), octets(Buffer.alloc(500_000)))],
        }).certificate.pem,
    ],
    'a block that ends as another kind': [
      'bad-bundle',
      () => text + text.replace('END CERTIFICATE', 'END X509 CRL'),
    ],
    'headers inside a block': [
      'bad-bundle',
      () => text + text.replace('-----\n', '-----\nProc-Type: 4,ENCRYPTED\n\n'),
    ],
    'a line of a megabyte': ['bad-bundle', () => `${text}${'A'.repeat(1_100_000)}\n`],
  };
  const plan = (): Promise<string> => planned(stage, { strategy: 'staged' });
  const control = once(async () => {
    const came = await plan();
    return came === 'planned' ? 'obeyed' : came;
  });
  const replaced = (name: string, expected: string, put: (path: string) => void, path = m2.ca): Case => ({
    class: 'files of etcd',
    name,
    by: 'root of node m2',
    expected,
    attack: async () => {
      const back = keeping([path]);
      try {
        rmSync(path);
        put(path);
        return await plan();
      } finally {
        await back();
      }
    },
    control,
  });
  const links: Record<string, [expected: string, put: (path: string) => void]> = {
    'a link to nothing': ['not-modelled', (path) => symlinkSync('/nowhere/ca.pem', path)],
    'a link to itself': ['not-modelled', (path) => symlinkSync(path, path)],
    'a link to a folder': ['not-modelled', (path) => symlinkSync('/etc', path)],
    "a link to root's own file": ['not-modelled', (path) => symlinkSync('/etc/shadow', path)],
    'a link to a device without an end': ['not-modelled', (path) => symlinkSync('/dev/zero', path)],
    'a pipe that nobody writes into': ['not-modelled', (path) => execFileSync('mkfifo', [path])],
    nothing: ['bad-file', () => undefined],
  };
  return [
    ...Object.entries(bundles).map(([name, [expected, contents]]) =>
      replaced(`a bundle with ${name}`, expected, (path) => writeFileSync(path, contents())),
    ),
    ...Object.entries(links).map(([name, [expected, put]]) =>
      replaced(`for a bundle, ${name}`, expected, put),
    ),
    // No pipe for a key: etcd itself opens that at every handshake, and could not be stopped any more.
    replaced(
      'for a key, that of somebody else',
      'key-mismatch',
      (path) => writeFileSync(path, other.key.reveal(), { mode: 0o600 }),
      m2.server.key,
    ),
    replaced(
      'for a leaf, a CA',
      'key-mismatch',
      (path) => writeFileSync(path, other.certificate.pem),
      m2.server.cert,
    ),
  ];
};

/** Three CAs, each signed by the one before. */
function circle(): string {
  const [a, b] = [aCa('A round CA'), aCa('Another round CA')];
  const again = aCa('A round CA', { issuer: b, key: a.key });
  const back = aCa('Another round CA', { issuer: again, key: b.key });
  return [a, b, again, back].map(({ certificate }) => certificate.pem).join('');
}

function deep(levels: number): Buffer {
  let inside: Buffer = Buffer.from([0x05, 0x00]);
  for (let i = 0; i < levels; i += 1) inside = wrapped(inside);
  return inside;
}

function wrapped(inside: Buffer): Buffer {
  const { length } = inside;
  const head = length < 128 ? [0x30, length] : [0x30, 0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from(head), inside]);
}

/** The same certificate with the sign of its serial turned. */
function negative(der: Uint8Array): Buffer {
  const bytes = Buffer.from(der);
  const at = bytes.indexOf(Buffer.from([0x02, 0x02, 0x7f, 0x01]));
  if (at < 0) throw new Error('its serial number is not where it was');
  bytes[at + 2] = 0xff;
  return bytes;
}
