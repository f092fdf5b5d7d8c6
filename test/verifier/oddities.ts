import { nameFrom, readCertificate } from '@etcd-rotate/pki';
import { Secret } from '@etcd-rotate/protocol';
import { implicit, objectId, octets, sequence, toDer } from '../../packages/pki/src/write-der.ts';
import { type Group, here } from './case.ts';
import { constraints, dnsBase } from './extensions.ts';
import {
  aCa,
  aLeaf,
  bundleOf,
  caExtensions,
  ecKey,
  issuing,
  leafExtensions,
  opensslSigns,
  type Pair,
  shown,
} from './makers.ts';

// What few certificates have, and what Go, its versions and OpenSSL take differently.

const root = aCa('root');
const narrowRoot = aCa('narrow root', { more: [constraints('permitted', dnsBase('example.com'))] });
const limited = aCa('limited', { issuer: root, more: [constraints('permitted', dnsBase('example.com'))] });
const hiding = aCa('hiding', { issuer: root, more: [constraints('excluded', dnsBase('m1.example.com'))] });
const below = aCa('below', { issuer: root, more: [constraints('permitted', dnsBase('.example.com'))] });

const middleKey = ecKey();
const middleBefore = aCa('middle', { issuer: root, key: middleKey, days: [-9, -1] });
const middleAfter = aCa('middle', { issuer: root, key: middleKey });

const reissuedKey = ecKey();
const issuedFirst = aCa('issued twice', { key: reissuedKey, serial: '01' });
const issuedAgain = aCa('issued twice', { key: reissuedKey, serial: '02' });

/** A leaf that openssl makes, with one more extension. */
const leafWith = (line: string, issuer: Pair = root, base = leafExtensions) => {
  const { pem, key } = opensslSigns('leaf', issuing(issuer), { extensions: [...base, line] });
  return { chain: [pem], key };
};

/** A leaf below an intermediate that openssl makes. */
const belowOne = (extensions: string[], wish: Parameters<typeof aLeaf>[1] = {}) => {
  const { pem, key } = opensslSigns('middle', issuing(root), { extensions });
  const certificate = readCertificate(pem);
  if (!certificate.ok) throw new Error(certificate.failure.message);
  const middle = { certificate: certificate.value, key: new Secret(key) };
  return shown(aLeaf(middle, wish), middle);
};

/** A subject alternative name of one kind, with these very bytes. */
const oneName = (kind: number, bytes: Uint8Array) =>
  leafWith(`subjectAltName=DER:${hex(toDer(sequence(implicit(kind, bytes))))}`);
const hex = (bytes: Uint8Array) =>
  Buffer.from(bytes)
    .toString('hex')
    .replace(/..(?!$)/g, '$&:');

const mail = sequence(
  objectId('2.5.29.17'),
  octets(toDer(sequence(implicit(1, Buffer.from('root@example.com'))))),
);
const onlyNewerGo = 'etcd 3.5 refuses it, and a cluster may be upgraded';
const [caTrue = '', caUsage = ''] = caExtensions;

const odd: Group = {
  title: 'odd certificates',
  bundle: bundleOf(root, narrowRoot),
  arrivals: [
    {
      rule: 'an address of five bytes is malformed for Go',
      shows: oneName(7, Buffer.from([127, 0, 0, 1, 1])),
      says: 'only openssl accepts',
      because: /which Go cannot read/,
    },
    {
      rule: 'a DNS name that is not ASCII is malformed for Go',
      shows: oneName(2, Buffer.from([0x6d, 0xff])),
      says: 'only openssl accepts',
      because: /which Go cannot read/,
    },
    {
      rule: 'a URI that is none is malformed for Go',
      shows: oneName(6, Buffer.from('::::')),
      says: 'only openssl accepts',
      because: /the name "::::", which Go cannot read/,
    },
    {
      rule: 'a URI, as SPIFFE has it, does no harm',
      shows: oneName(6, Buffer.from('spiffe://cluster.local/ns/etcd/sa/backup')),
      says: 'both accept',
    },
    {
      rule: 'a leaf without a subject is accepted',
      shows: shown(aLeaf(root, { subject: nameFrom({}), names: { dns: [], ip: [here] } })),
      says: 'both accept',
    },
    {
      rule: 'an empty list of usages allows none for OpenSSL',
      shows: leafWith('extendedKeyUsage=DER:30:00', root, leafExtensions.slice(0, 2)),
      says: 'only etcd accepts',
      because: /only for nothing/,
    },
    {
      rule: 'a key identifier that is critical is refused, but by old Go',
      shows: leafWith('subjectKeyIdentifier=critical,hash'),
      says: 'both refuse',
      except: { '3.4': 'only etcd accepts' },
      because: /critical extension .* 2.5.29.14/,
    },
    {
      rule: "an issuer's key identifier that is critical is refused, but by old Go",
      shows: leafWith('authorityKeyIdentifier=critical,keyid'),
      says: 'both refuse',
      except: { '3.4': 'only etcd accepts' },
      because: /critical extension .* 2.5.29.35/,
    },
    {
      rule: 'the Netscape type of a server is refused from a client by OpenSSL',
      shows: leafWith('nsCertType=server'),
      says: 'only etcd accepts',
      because: /Netscape certificate type/,
    },
    {
      rule: 'the Netscape type of a client is accepted from one',
      shows: leafWith('nsCertType=client'),
      says: 'both accept',
    },
    {
      rule: 'an intermediate that does not say it is a CA issues nothing',
      shows: belowOne([caUsage]),
      says: 'both refuse',
      because: /CN=middle is not a CA/,
    },
    {
      rule: 'an intermediate of version 1 issues nothing',
      shows: belowOne([]),
      says: 'both refuse',
      because: /CN=middle is not a CA/,
    },
    {
      rule: 'a path length below nought is refused, but by old Go',
      shows: belowOne(['basicConstraints=DER:30:06:01:01:ff:02:01:ff', caUsage]),
      says: 'both refuse',
      except: { '3.4': 'only etcd accepts' },
      because: /a path length below nought/,
    },
    {
      rule: 'the same policy twice is malformed for newer Go',
      shows: belowOne([caTrue, caUsage, 'certificatePolicies=1.2.3,1.2.3']),
      says: 'only openssl accepts',
      except: { '3.4': 'both accept' },
      stricter: onlyNewerGo,
      because: /a policy twice/,
    },
    {
      rule: 'newer Go holds to the constraint that a policy must be there',
      shows: belowOne([caTrue, caUsage, 'policyConstraints=requireExplicitPolicy:0']),
      says: 'only openssl accepts',
      except: { '3.4': 'both accept' },
      stricter: onlyNewerGo,
      because: /2.5.29.36/,
    },
    {
      rule: 'a wildcard stands for a host that is excluded, for newer Go',
      shows: shown(aLeaf(hiding, { names: { dns: ['*.example.com'], ip: [here] } }), hiding),
      says: 'only openssl accepts',
      except: { '3.4': 'both accept' },
      stricter: onlyNewerGo,
      because: /forbid the name \*\.example\.com/,
    },
    {
      rule: 'a wildcard below a domain that is permitted is accepted',
      shows: shown(aLeaf(limited, { names: { dns: ['*.example.com'], ip: [here] } }), limited),
      says: 'both accept',
    },
    {
      rule: 'a domain that begins with a dot permits what is below it',
      shows: shown(aLeaf(below, { names: { dns: ['m1.example.com'], ip: [here] } }), below),
      says: 'both accept',
    },
    {
      rule: 'a domain that begins with a dot does not permit itself',
      shows: shown(aLeaf(below, { names: { dns: ['example.com'], ip: [here] } }), below),
      says: 'both refuse',
      because: /forbid the name example.com/,
    },
    {
      rule: 'a name that is no host is refused by Go where there are constraints',
      shows: shown(aLeaf(limited, { names: { dns: ['m1..example.com'], ip: [here] } }), limited),
      says: 'only openssl accepts',
      because: /is no name of a host/,
    },
    {
      rule: 'a mail address where there are constraints for hosts',
      shows: shown(aLeaf(limited, { more: [mail] }), limited),
      says: 'both accept',
      stricter: 'names of kinds that are not understood here are a no where there are constraints',
      because: /names of a kind that is not understood/,
    },
    {
      rule: 'constraints of directory names are held against the subject by OpenSSL, and here not understood',
      shows: belowOne([caTrue, caUsage, 'nameConstraints=permitted;dirName:dn', '[dn]', 'CN=other']),
      says: 'only etcd accepts',
      because: /of a kind that is not understood/,
    },
    {
      rule: 'constraints without any base are malformed for Go',
      shows: belowOne([caTrue, caUsage, 'nameConstraints=DER:30:00']),
      says: 'only openssl accepts',
      because: /name constraints, which Go cannot read/,
    },
    {
      rule: 'a network with holes in its mask is malformed for Go',
      shows: belowOne([caTrue, caUsage, 'nameConstraints=permitted;IP:10.0.0.0/255.0.255.0']),
      says: 'only openssl accepts',
      because: /name constraints, which Go cannot read/,
    },
    {
      rule: 'the constraints of a root count as well',
      shows: shown(aLeaf(narrowRoot, { names: { dns: ['localhost'], ip: [here] } })),
      says: 'both refuse',
      because: /CN=narrow root forbid the name localhost/,
    },
    {
      rule: 'an intermediate with a usage for any is none for OpenSSL',
      shows: belowOne([caTrue, caUsage, 'extendedKeyUsage=anyExtendedKeyUsage']),
      says: 'only etcd accepts',
      because: /CN=middle may not be used for clientAuth/,
    },
    {
      rule: 'a critical policy mapping is known to newer Go only',
      shows: belowOne([caTrue, caUsage, 'certificatePolicies=1.2.3', 'policyMappings=critical,1.2.3:1.2.4']),
      says: 'both accept',
      except: { '3.4': 'only openssl accepts' },
      stricter: 'etcd 3.4 refuses it, and what is critical and not known is a no',
      because: /2.5.29.33/,
    },
  ],
};

const expiredMiddle: Group = {
  title: 'an expired intermediate in the bundle, beside its root',
  bundle: bundleOf(middleBefore, root),
  arrivals: [
    {
      rule: 'an expired intermediate in the bundle hides its renewal from OpenSSL',
      shows: shown(aLeaf(middleAfter), middleAfter),
      says: 'only etcd accepts',
      because: /OpenSSL takes a path where CN=middle expired/,
    },
  ],
};

const reissued: Group = {
  title: 'a CA that was issued again with its key',
  bundle: bundleOf(issuedAgain),
  arrivals: [
    {
      rule: 'a CA that was issued again with its key verifies the leaves from before',
      shows: shown(aLeaf(issuedFirst)),
      says: 'both accept',
    },
    {
      rule: 'but not, for OpenSSL, those that name the serial of their issuer',
      shows: leafWith('authorityKeyIdentifier=keyid,issuer:always', issuedFirst),
      says: 'only etcd accepts',
      because: /OpenSSL finds no self-signed root/,
    },
    {
      rule: 'a leaf that names the serial of its issuer rightly is accepted',
      shows: leafWith('authorityKeyIdentifier=keyid,issuer:always', issuedAgain),
      says: 'both accept',
    },
  ],
};

export const oddities: Group[] = [odd, expiredMiddle, reissued];
