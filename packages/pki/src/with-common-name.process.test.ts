import { describe, expect, test } from 'vitest';
import { aCa, aKey, aLeaf, unwrap } from '../test/a-certificate.ts';
import { openssl } from '../test/openssl.ts';
import { makeCsr } from './make-csr.ts';
import { attributesOf, nameFrom, type RawName, sameName } from './raw-name.ts';
import { readCertificate } from './read-bundle.ts';
import { readCsr } from './read-csr.ts';
import { commonNameOf, sayName } from './say-name.ts';
import { withCommonName } from './with-common-name.ts';
import { objectId, sequence, set, text, toDer, utf8Text } from './write-der.ts';

const ids = { cn: '2.5.4.3', o: '2.5.4.10', ou: '2.5.4.11', email: '1.2.840.113549.1.9.1' };
const printable = 0x13;
const utf8 = 0x0c;

test('replaces the common name and keeps the rest byte for byte', () => {
  const before = nameFrom({ country: 'DE', organization: 'Ünïcode, Inc.', commonName: 'etcd-1' });
  const changed = withCommonName(before, 'etcd-2');
  expect(sayName(changed)).toBe('CN=etcd-2,O=Ünïcode\\, Inc.,C=DE');
  expect(sameName(withCommonName(changed, 'etcd-1'), before)).toBe(true);
  expect(attributesOf(changed).slice(0, 2)).toEqual(attributesOf(before).slice(0, 2));
});

test('leaves a subject as it is when it has that common name already', () => {
  for (const value of [text('etcd-1'), utf8Text('etcd-1'), utf8Text('größe')]) {
    const before = nameOf([[ids.o, utf8Text('Example')]], [[ids.cn, value]]);
    expect(sameName(withCommonName(before, commonNameOf(before) ?? ''), before)).toBe(true);
  }
});

describe('the kind of string', () => {
  test.each([
    ['stays PrintableString where the characters allow it', text('a'), "etcd-1 (it's)", printable],
    ['becomes UTF8String where they do not', text('a'), 'user@example', utf8],
    ['stays UTF8String', utf8Text('a'), 'etcd-1', utf8],
  ])('%s', (_, before, commonName, kind) => {
    const changed = withCommonName(nameOf([[ids.cn, before]]), commonName);
    expect(attributesOf(changed)[0]?.[0]).toMatchObject({ id: ids.cn, text: commonName });
    expect(attributesOf(changed)[0]?.[0]?.der[0]).toBe(kind);
  });
});

test('keeps the other attributes of a relative name that has several, in the order that DER wants', () => {
  const before = nameOf(
    [[ids.o, text('Example')]],
    [
      [ids.cn, text('long-name')],
      [ids.ou, text('etcd')],
    ],
    [[ids.email, utf8Text('a@b')]],
  );
  const longer = withCommonName(before, 'a-much-longer-name');
  expect(sayName(longer)).toBe('emailAddress=a@b,OU=etcd+CN=a-much-longer-name,O=Example');
  expect(sayName(withCommonName(before, 'x'))).toBe('emailAddress=a@b,CN=x+OU=etcd,O=Example');
  expect(commonNameOf(longer)).toBe('a-much-longer-name');
});

test('replaces the last of several common names, the one that etcd takes for the user', () => {
  const changed = withCommonName(nameOf([[ids.cn, text('first')]], [[ids.cn, text('last')]]), 'root');
  expect(sayName(changed)).toBe('CN=root,CN=first');
  expect(commonNameOf(changed)).toBe('root');
});

test('puts one at the end where there is none', () => {
  expect(sayName(withCommonName(nameFrom({ organization: 'Example' }), 'etcd-1'))).toBe(
    'CN=etcd-1,O=Example',
  );
  expect(sayName(withCommonName(nameFrom({}), 'etcd-1'))).toBe('CN=etcd-1');
});

test('refuses what is not a name', () => {
  expect(() => withCommonName(Buffer.from('hello'), 'etcd-1')).toThrow();
  expect(() => withCommonName(toDer(sequence(text('a'))), 'etcd-1')).toThrow();
});

test('openssl reads the subject in a certificate and in a request', () => {
  const before = nameOf(
    [[ids.o, text('Example')]],
    [
      [ids.ou, utf8Text('größe')],
      [ids.cn, text('a')],
    ],
  );
  const subject = withCommonName(before, 'wer da?');
  const { pem } = aLeaf(aCa('ca'), { subject }).certificate;
  const csr = makeCsr({ key: aKey(), subject, names: { dns: [], ip: [] } });
  for (const [kind, file] of [
    ['x509', pem],
    ['req', csr],
  ] as const) {
    const args = [kind, '-noout', '-subject', '-nameopt', 'rfc2253,-esc_msb', '-in', '{file}'];
    const { ok, output } = openssl(args, { file });
    expect(ok, output).toBe(true);
    expect(output).toMatch(/^subject=(CN=wer da\?\+OU=größe|OU=größe\+CN=wer da\?),O=Example$/m);
  }
  expect(unwrap(readCertificate(pem)).facts.commonName).toBe('wer da?');
  expect(sameName(unwrap(readCsr(csr)).subject, subject)).toBe(true);
});

type Attribute = [id: string, value: ReturnType<typeof text>];

/** A name as others make them: in any order of attributes, and several to a relative name. */
function nameOf(...relatives: Attribute[][]): RawName {
  return toDer(
    sequence(
      ...relatives.map((relative) => set(...relative.map(([id, value]) => sequence(objectId(id), value)))),
    ),
  );
}
