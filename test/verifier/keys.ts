import type { Group } from './case.ts';
import {
  aCa,
  aLeaf,
  bundleOf,
  caExtensions,
  ecKey,
  ed25519Key,
  issuing,
  leafExtensions,
  opensslMakes,
  opensslSigns,
  rsaKey,
  shown,
} from './makers.ts';

// Keys, signatures, serials and old versions; most of these openssl makes.

const [firstRsa, secondRsa] = [rsaKey(), rsaKey()];
const ec = aCa('EC root');
const rsa = aCa('RSA root', { key: firstRsa });
const edwards = aCa('Ed25519 root', { key: ed25519Key() });
const weak = aCa('RSA 1024 root', { key: rsaKey(1024) });
const sha1Root = opensslSigns('SHA-1 root', undefined, {
  options: ['-sha1'],
  extensions: caExtensions,
  key: secondRsa.reveal(),
});
const versionOne = opensslSigns('version 1 root', undefined);
const pssKey = opensslMakes(['genpkey', '-algorithm', 'RSA-PSS', '-pkeyopt', 'rsa_keygen_bits:2048']);
const pssRoot = opensslSigns('PSS root', undefined, { extensions: caExtensions, key: pssKey });

const pss = ['-sigopt', 'rsa_padding_mode:pss', '-sha256'];

const made = (issuer: { pem: string; key: string }, options: string[] = [], extensions = leafExtensions) => {
  const { pem, key } = opensslSigns('leaf', issuer, { options, extensions });
  return { chain: [pem], key };
};

const kinds: Group = {
  title: 'roots with keys of many kinds',
  bundle: bundleOf(ec, rsa, edwards, weak, sha1Root.pem, versionOne.pem, pssRoot.pem),
  arrivals: [
    {
      rule: 'an RSA leaf under an RSA root is accepted',
      shows: shown(aLeaf(rsa, { key: secondRsa })),
      says: 'both accept',
    },
    {
      rule: 'an ECDSA leaf under an RSA root is accepted',
      shows: shown(aLeaf(rsa)),
      says: 'both accept',
    },
    {
      rule: 'an RSA leaf under an ECDSA root is accepted',
      shows: shown(aLeaf(ec, { key: secondRsa })),
      says: 'both accept',
    },
    {
      rule: 'a leaf on P-384 under a root on P-256 is accepted',
      shows: shown(aLeaf(ec, { key: ecKey('P-384') })),
      says: 'both accept',
    },
    {
      rule: 'an Ed25519 leaf under an Ed25519 root is accepted',
      shows: shown(aLeaf(edwards, { key: ed25519Key() })),
      says: 'both accept',
    },
    {
      rule: 'an ECDSA intermediate may stand between an RSA root and an RSA leaf',
      shows: (() => {
        const middle = aCa('EC middle', { issuer: rsa });
        return shown(aLeaf(middle, { key: secondRsa }), middle);
      })(),
      says: 'both accept',
    },
    {
      rule: 'a leaf under an RSA root of 1024 bits is accepted by Go alone',
      shows: shown(aLeaf(weak)),
      says: 'only etcd accepts',
      because: /1024 bits/,
    },
    {
      rule: 'a leaf with an RSA key of 1024 bits is accepted by Go alone',
      shows: shown(aLeaf(ec, { key: rsaKey(1024) })),
      says: 'only etcd accepts',
      because: /1024 bits/,
    },
    {
      rule: 'a leaf that is signed with SHA-1 is refused',
      shows: made(issuing(rsa), ['-sha1']),
      says: 'both refuse',
      because: /SHA-1/,
    },
    {
      rule: 'a root that signed itself with SHA-1 is trusted for what it is',
      shows: made(sha1Root),
      says: 'both accept',
    },
    {
      rule: 'a leaf that is signed with RSA-PSS and a salt as long as its hash is accepted',
      shows: made(issuing(rsa), [...pss, '-sigopt', 'rsa_pss_saltlen:-1']),
      says: 'both accept',
    },
    {
      rule: 'a leaf that is signed with RSA-PSS and the longest salt is none for Go',
      shows: made(issuing(rsa), [...pss, '-sigopt', 'rsa_pss_saltlen:-2']),
      says: 'only openssl accepts',
      because: /RSA-PSS/,
    },
    {
      rule: 'a leaf that is signed with RSA-PSS and two hashes is none for Go',
      shows: made(issuing(rsa), [...pss, '-sigopt', 'rsa_pss_saltlen:-1', '-sigopt', 'rsa_mgf1_md:sha512']),
      says: 'only openssl accepts',
      because: /RSA-PSS/,
    },
    {
      rule: 'a root whose key is for RSA-PSS alone is none for Go',
      shows: made(pssRoot, ['-sha256']),
      says: 'only openssl accepts',
      because: /Go/,
    },
    {
      rule: 'a leaf of version 1 is accepted',
      shows: made(issuing(ec), [], []),
      says: 'both accept',
    },
    {
      rule: 'a root of version 1',
      shows: made(versionOne),
      says: 'both accept',
      stricter: 'a root that does not say it is a CA is none for us: nobody makes such a one any more',
      because: /is not a CA/,
    },
    {
      rule: 'a serial of twenty bytes with the top bit set is accepted',
      shows: shown(aLeaf(ec, { serial: 'ff'.repeat(20) })),
      says: 'both accept',
    },
    {
      rule: 'a serial of one is accepted',
      shows: shown(aLeaf(ec, { serial: '01' })),
      says: 'both accept',
    },
    {
      rule: 'a serial below nought is accepted by these versions',
      shows: made(issuing(ec), ['-set_serial', '-5']),
      says: 'both accept',
    },
  ],
};

export const keys: Group[] = [kinds];
