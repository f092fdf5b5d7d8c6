import type { Group } from './case.ts';
import { aCa, aLeaf, bundleOf, opensslSigns, type Pair, pemOf, secp256k1Key, shown } from './makers.ts';

// What a file of trusted CAs holds, and what is read from it (facts: etcd, section 2).

const [first, second, third] = [aCa('first'), aCa('second'), aCa('third')];
const middle = aCa('middle', { issuer: first });
const alone = aCa('alone', {
  isCa: false,
  keyUsage: ['digitalSignature'],
  usages: ['serverAuth', 'clientAuth'],
});
const plain = aLeaf(first, { name: 'a leaf in the bundle' });

const accepted = (rule: string, issuer: Pair) =>
  ({ rule, shows: shown(aLeaf(issuer)), says: 'both accept' }) as const;

const decorated: Group = {
  title: 'a bundle with comments, blank lines, CRLF and a CA that is there twice',
  bundle: `the first one\n\n${bundleOf(first).replaceAll('\n', '\r\n')}\n# the second\n${bundleOf(second, first)}\nthe end\n`,
  arrivals: [
    accepted('a CA with CRLF is read', first),
    accepted('a CA after text is read', second),
    {
      rule: 'a CA that is not in it is not trusted',
      shows: shown(aLeaf(third)),
      says: 'both refuse',
      because: /is not in the bundle/,
    },
  ],
};

const empty: Group = {
  title: 'an empty bundle',
  bundle: '',
  arrivals: [
    {
      rule: 'an empty bundle trusts nobody',
      shows: shown(aLeaf(first)),
      says: 'both refuse',
      because: /no certificate/,
    },
  ],
};

const prose: Group = {
  title: 'a bundle that is text alone',
  bundle: 'the CA is on the other disk\n',
  arrivals: [
    {
      rule: 'text without PEM trusts nobody',
      shows: shown(aLeaf(first)),
      says: 'both refuse',
      because: /no certificate/,
    },
  ],
};

const glued: Group = {
  title: 'two blocks without a newline between them, and a third one',
  bundle: `${bundleOf(first).trimEnd()}${bundleOf(second, third)}`,
  arrivals: [
    {
      rule: 'the first of two blocks that are glued together is lost',
      shows: shown(aLeaf(first)),
      says: 'both refuse',
      because: /without a newline/,
    },
    {
      rule: 'the second of two blocks that are glued together is lost',
      shows: shown(aLeaf(second)),
      says: 'both refuse',
      because: /without a newline/,
    },
    {
      rule: 'a block behind two that are glued together is read by Go',
      shows: shown(aLeaf(third)),
      says: 'only etcd accepts',
      because: /without a newline/,
    },
  ],
};

const truncated: Group = {
  title: 'a last block that is cut off',
  bundle: bundleOf(first, second).slice(0, -200),
  arrivals: [
    {
      rule: 'a block that is cut off is lost',
      shows: shown(aLeaf(second)),
      says: 'both refuse',
      because: /cut off/,
    },
    {
      rule: 'a block before one that is cut off is read by Go',
      shows: shown(aLeaf(first)),
      says: 'only etcd accepts',
      because: /cut off/,
    },
  ],
};

const damaged: Group = {
  title: 'a block that is not base64, before a good one',
  bundle: `${pemOf(first).replace(/\n..../, '\n*!*!')}${pemOf(second)}`,
  arrivals: [
    {
      rule: 'a block that is not base64 is lost',
      shows: shown(aLeaf(first)),
      says: 'both refuse',
      because: /base64/,
    },
    {
      rule: 'a block behind one that is not base64 is read by Go',
      shows: shown(aLeaf(second)),
      says: 'only etcd accepts',
      because: /base64/,
    },
  ],
};

const onlyIntermediate: Group = {
  title: 'a bundle with an intermediate alone, and others of which the root is missing',
  bundle: bundleOf(middle, plain, alone),
  arrivals: [
    {
      rule: 'an intermediate alone is an anchor for Go, not for OpenSSL',
      shows: shown(aLeaf(middle)),
      says: 'only etcd accepts',
      because: /OpenSSL finds no self-signed root/,
    },
    {
      rule: 'an intermediate alone is no anchor for OpenSSL when it is sent along, either',
      shows: shown(aLeaf(middle), middle),
      says: 'only etcd accepts',
      because: /OpenSSL finds no self-signed root/,
    },
    {
      rule: 'an intermediate alone and a root that is only sent along',
      shows: shown(aLeaf(middle), middle, first),
      says: 'only etcd accepts',
      because: /OpenSSL finds no self-signed root/,
    },
    {
      rule: 'a leaf that is in the bundle itself is accepted by Go',
      shows: shown(plain),
      says: 'only etcd accepts',
      because: /OpenSSL finds no self-signed root/,
    },
    {
      rule: 'a self-signed leaf in the bundle is accepted',
      shows: shown(alone),
      says: 'both accept',
    },
  ],
};

const withRoot: Group = {
  title: 'a bundle with an intermediate and its root',
  bundle: bundleOf(middle, first),
  arrivals: [
    accepted('a leaf of an intermediate in the bundle needs nothing behind it', middle),
    {
      rule: 'an intermediate in the bundle that is sent along too does no harm',
      shows: shown(aLeaf(middle), middle),
      says: 'both accept',
    },
  ],
};

const withKey: Group = {
  title: 'a bundle with a private key in it',
  bundle: `${bundleOf(first)}${first.key.reveal()}`,
  doesNotStart: true,
  arrivals: [
    {
      rule: 'a private key in the bundle is taken for a certificate, and etcd does not start',
      shows: shown(aLeaf(first)),
      says: 'only openssl accepts',
      because: /private key/,
    },
  ],
};

const strangeCurve = opensslSigns('strange curve', undefined, {
  extensions: ['basicConstraints=critical,CA:TRUE'],
  key: secp256k1Key(),
});

const withStrangeCurve: Group = {
  title: 'a bundle with a CA on a curve that Go does not know',
  bundle: `${bundleOf(first)}${strangeCurve.pem}`,
  doesNotStart: true,
  arrivals: [
    {
      rule: 'a CA on a curve that Go does not know is malformed for it, and etcd does not start',
      shows: shown(aLeaf(first)),
      says: 'only openssl accepts',
      because: /Go/,
    },
  ],
};

export const bundles: Group[] = [
  decorated,
  empty,
  prose,
  glued,
  truncated,
  damaged,
  onlyIntermediate,
  withRoot,
  withKey,
  withStrangeCurve,
];
