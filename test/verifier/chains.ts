import { nameFrom } from '@etcd-rotate/pki';
import type { Group } from './case.ts';
import { aBare, aCa, aLeaf, bundleOf, ecKey, type Pair, shown } from './makers.ts';

// Which path leads from a leaf to a CA: names, key identifiers, signatures, dates, rights of CAs.

const root = aCa('root');
const other = aCa('other root');
const middle = aCa('middle', { issuer: root });
const lower = aCa('lower', { issuer: middle });

const fresh = aCa('fresh root');
const cross = aCa('fresh root', { key: fresh.key, issuer: root });
const gone = aCa('gone', { days: [-9, -1] });
const soon = aCa('soon', { days: [1, 9] });
const renewedKey = ecKey();
const renewedAway = aCa('renewed', { key: renewedKey, days: [-9, -1] });
const renewed = aCa('renewed', { key: renewedKey });
const short = aCa('no intermediates', { pathLength: 0 });
const one = aCa('one intermediate', { pathLength: 1 });
const noCa = aCa('not a CA', { isCa: false });
const crlOnly = aCa('signs CRLs alone', { keyUsage: ['crlSign'] });
const unknown = aCa('unknown');
const freeOfUsage = aBare({ name: 'without key usage', isCa: true });

const below = (issuer: Pair, ...rest: Pair[]) => shown(aLeaf(issuer), issuer, ...rest);
const via = (issuer: Pair) => aCa('in between', { issuer });

const everyday: Group = {
  title: 'a bundle of many roots',
  bundle: bundleOf(root, other, gone, soon, renewedAway, renewed, short, one, noCa, crlOnly, freeOfUsage),
  arrivals: [
    { rule: 'a leaf under a root is accepted', shows: shown(aLeaf(root)), says: 'both accept' },
    {
      rule: 'a leaf under a CA that nobody knows is refused',
      shows: shown(aLeaf(unknown)),
      says: 'both refuse',
      because: /is not in the bundle/,
    },
    {
      rule: 'a root that is only sent along is not trusted for that',
      shows: below(unknown),
      says: 'both refuse',
      because: /is not in the bundle/,
    },
    {
      rule: 'an intermediate that is sent along leads to its root',
      shows: below(middle),
      says: 'both accept',
    },
    {
      rule: 'an intermediate that is not sent leads nowhere',
      shows: shown(aLeaf(middle)),
      says: 'both refuse',
      because: /CN=middle, the issuer/,
    },
    {
      rule: 'two intermediates may be sent in the wrong order',
      shows: shown(aLeaf(lower), middle, lower),
      says: 'both accept',
    },
    {
      rule: 'certificates in a chain that are of no use do no harm, nor those that are there twice',
      shows: shown(aLeaf(lower), other, lower, lower, unknown, middle, middle),
      says: 'both accept',
    },
    {
      rule: 'a root may be sent along with its intermediate',
      shows: below(middle, root),
      says: 'both accept',
    },
    {
      rule: 'a chain that does not begin with its leaf is that of its first certificate',
      shows: shown(aLeaf(unknown, { name: 'stray' }), aLeaf(lower), lower, middle),
      says: 'both refuse',
      because: /CN=stray/,
    },
    {
      rule: 'an expired leaf is refused',
      shows: shown(aLeaf(root, { days: [-9, -1] })),
      says: 'both refuse',
      because: /expired at/,
    },
    {
      rule: 'a leaf before its time is refused',
      shows: shown(aLeaf(root, { days: [1, 9] })),
      says: 'both refuse',
      because: /not valid before/,
    },
    {
      rule: 'an expired root makes its leaves useless',
      shows: shown(aLeaf(gone)),
      says: 'both refuse',
      because: /CN=gone expired/,
    },
    {
      rule: 'a root before its time makes its leaves useless',
      shows: shown(aLeaf(soon)),
      says: 'both refuse',
      because: /CN=soon is not valid before/,
    },
    {
      rule: 'an expired intermediate is refused',
      shows: below(aCa('old middle', { issuer: root, days: [-9, -1] })),
      says: 'both refuse',
      because: /CN=old middle expired/,
    },
    {
      rule: 'an expired root before its renewal with the same key does no harm',
      shows: shown(aLeaf(renewed)),
      says: 'both accept',
    },
    {
      rule: 'a cross certificate that is sent along leads to the old root',
      shows: shown(aLeaf(fresh), cross),
      says: 'both accept',
    },
    {
      rule: 'a path length of none allows a leaf',
      shows: shown(aLeaf(short)),
      says: 'both accept',
    },
    {
      rule: 'a path length of none allows no intermediate',
      shows: below(via(short)),
      says: 'both refuse',
      because: /allows 0 intermediates/,
    },
    {
      rule: 'a path length of one allows one intermediate',
      shows: below(via(one)),
      says: 'both accept',
    },
    {
      rule: 'a path length of one does not allow two intermediates',
      shows: (() => {
        const first = via(one);
        return below(aCa('second in between', { issuer: first }), first);
      })(),
      says: 'both refuse',
      because: /allows 1 intermediates/,
    },
    {
      rule: 'a path length counts a certificate with the name of its own issuer, for Go alone',
      shows: below(aCa('no intermediates', { issuer: short })),
      says: 'only openssl accepts',
      because: /allows 0 intermediates/,
    },
    {
      rule: 'a leaf signs no other leaf',
      shows: below(aLeaf(root, { name: 'no issuer' })),
      says: 'both refuse',
      because: /CN=no issuer is not a CA/,
    },
    {
      rule: 'a root that is no CA issues nothing',
      shows: shown(aLeaf(noCa)),
      says: 'both refuse',
      because: /CN=not a CA is not a CA/,
    },
    {
      rule: 'a root that may not sign certificates issues nothing',
      shows: shown(aLeaf(crlOnly)),
      says: 'both refuse',
      because: /may sign certificates/,
    },
    {
      rule: 'an intermediate that may not sign certificates issues nothing',
      shows: below(aCa('for CRLs', { issuer: root, keyUsage: ['crlSign'] })),
      says: 'both refuse',
      because: /may sign certificates/,
    },
    {
      rule: 'a root that says nothing of what its key is for may issue',
      shows: shown(aLeaf(freeOfUsage)),
      says: 'both accept',
    },
    {
      rule: 'a CA may be shown as a leaf',
      shows: shown(aCa('a CA of its own', { issuer: root, keyUsage: ['digitalSignature', 'keyCertSign'] })),
      says: 'both accept',
    },
    {
      rule: 'a leaf without key identifiers is found by its names',
      shows: shown(aLeaf(root, { keyIds: false })),
      says: 'both accept',
    },
    {
      rule: 'a leaf that says of its issuer another key identifier is not found by OpenSSL',
      shows: shown(aLeaf({ ...root, certificate: aCa('root', { key: ecKey() }).certificate })),
      says: 'only etcd accepts',
      because: /OpenSSL finds no/,
    },
  ],
};

const [twinA, twinB] = [aCa('same', { keyIds: false }), aCa('same', { keyIds: false })];
const [kinA, kinB] = [aCa('same kin'), aCa('same kin')];
const namedAlike = aCa('alike', { keyIds: false });

const namesakes: Group = {
  title: 'two CAs of one name and other keys',
  bundle: bundleOf(twinA, twinB, kinA, kinB, namedAlike),
  arrivals: [
    {
      rule: 'the first of two namesakes without key identifiers is found',
      shows: shown(aLeaf(twinA)),
      says: 'both accept',
    },
    {
      rule: 'the second of two namesakes without key identifiers is found by Go alone',
      shows: shown(aLeaf(twinB)),
      says: 'only etcd accepts',
      because: /OpenSSL takes the wrong CN=same/,
    },
    {
      rule: 'the first of two namesakes with key identifiers is found',
      shows: shown(aLeaf(kinA)),
      says: 'both accept',
    },
    {
      rule: 'the second of two namesakes with key identifiers is found',
      shows: shown(aLeaf(kinB)),
      says: 'both accept',
    },
    {
      rule: 'a namesake that is not in the bundle is not mistaken for one that is',
      shows: shown(aLeaf(aCa('same kin'))),
      says: 'both refuse',
      because: /another key/,
    },
    {
      rule: 'a leaf with the name of its CA and no key identifiers is self-signed for OpenSSL',
      shows: shown(aLeaf(namedAlike, { name: 'alike', keyIds: false })),
      says: 'only etcd accepts',
      because: /OpenSSL/,
    },
  ],
};

const printableKey = ecKey();
const name = (type: 'printable' | 'utf8') => {
  const der = Buffer.from(nameFrom({ commonName: 'Text Root' }));
  const at = der.indexOf('Text Root') - 2;
  der[at] = type === 'utf8' ? 12 : 19;
  return der;
};
const printable = aCa('', { subject: name('printable'), key: printableKey });
const utf8 = aCa('', { subject: name('utf8'), key: printableKey });
const capitals = aCa('', { subject: nameFrom({ commonName: 'TEXT ROOT' }), key: printableKey });
const crossPrintable = aCa('', { subject: name('printable'), key: printableKey, issuer: root });
const crossUtf8 = aCa('', { subject: name('utf8'), key: printableKey, issuer: root });

const texts: Group = {
  title: 'a root whose name is a PrintableString',
  bundle: bundleOf(printable),
  arrivals: [
    {
      rule: 'a name that is equal byte for byte is found',
      shows: shown(aLeaf(printable)),
      says: 'both accept',
    },
    {
      rule: 'a name in another kind of string is another name for Go',
      shows: shown(aLeaf(utf8)),
      says: 'only openssl accepts',
      because: /another name in its DER/,
    },
    {
      rule: 'a name in other letters is another name for Go',
      shows: shown(aLeaf(capitals)),
      says: 'only openssl accepts',
      because: /is not in the bundle/,
    },
  ],
};

const crossed: Group = {
  title: 'the old root of a cross certificate',
  bundle: bundleOf(root),
  arrivals: [
    {
      rule: 'a cross certificate with the very name of the new root leads to the old one',
      shows: shown(aLeaf(printable), crossPrintable),
      says: 'both accept',
    },
    {
      rule: 'a cross certificate with that name in another kind of string does not, for Go',
      shows: shown(aLeaf(printable), crossUtf8),
      says: 'only openssl accepts',
      because: /CN=Text Root/,
    },
  ],
};

const crossFirst: Group = {
  title: 'a cross certificate in the bundle, before its own root and without its issuer',
  bundle: bundleOf(cross, fresh),
  arrivals: [
    {
      rule: 'OpenSSL takes the cross certificate and goes on to a root that is not there',
      shows: shown(aLeaf(fresh)),
      says: 'only etcd accepts',
      because: /OpenSSL finds no self-signed root/,
    },
  ],
};

const crossLast: Group = {
  title: 'a cross certificate in the bundle, behind its own root',
  bundle: bundleOf(fresh, cross),
  arrivals: [
    { rule: 'the root that comes first is the end', shows: shown(aLeaf(fresh)), says: 'both accept' },
  ],
};

export const chains: Group[] = [everyday, namesakes, texts, crossed, crossFirst, crossLast];
