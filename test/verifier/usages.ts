import { integer, octets } from '../../packages/pki/src/write-der.ts';
import type { Group } from './case.ts';
import { constraints, dnsBase, extension, mailBase, netBase, usagesOf } from './extensions.ts';
import { aBare, aCa, aLeaf, bundleOf, type Pair, shown } from './makers.ts';

// What certificates may be used for, by extensions: usages, constraints of names, and those that nobody knows.

const root = aCa('root');
const serverRoot = aCa('root for servers', { usages: ['serverAuth'] });
const bothRoot = aCa('root for both', { usages: ['serverAuth', 'clientAuth'] });
const strange = extension('1.2.3.4', octets(Buffer.from('00', 'hex')), true);
const harmless = extension('1.2.3.4', octets(Buffer.from('00', 'hex')));
const strangeRoot = aCa('strange root', { more: [strange] });
const any = usagesOf('2.5.29.37.0');
const mustHavePolicy = extension('2.5.29.54', integer(Buffer.from([0])), true);

const below = (issuer: Pair, wish: Parameters<typeof aLeaf>[1] = {}) => shown(aLeaf(issuer, wish), issuer);
const limited = (...bases: Parameters<typeof constraints>) =>
  aCa('limited', { issuer: root, more: [constraints(...bases)] });
const names = { dns: ['localhost'], ip: ['127.0.0.1'] };

const uses: Group = {
  title: 'roots for everything, for servers, and for both',
  bundle: bundleOf(root, serverRoot, bothRoot, strangeRoot),
  arrivals: [
    {
      rule: 'a leaf for clients alone is enough for a client',
      shows: shown(aLeaf(root, { usages: ['clientAuth'] })),
      says: 'both accept',
    },
    {
      rule: 'a leaf for servers alone is refused from a client',
      shows: shown(aLeaf(root, { usages: ['serverAuth'] })),
      says: 'both refuse',
      because: /may not be used for clientAuth, only for serverAuth/,
    },
    {
      rule: 'a leaf without extended key usages is good for all',
      shows: shown(aBare({ name: 'plain', issuer: root, keyUsage: ['digitalSignature'] })),
      says: 'both accept',
    },
    {
      rule: 'a leaf for any usage is good for Go alone',
      shows: shown(aBare({ name: 'any', issuer: root, more: [any] })),
      says: 'only etcd accepts',
      because: /may not be used for clientAuth/,
    },
    {
      rule: 'a leaf whose key may not sign is good for Go alone',
      shows: shown(aLeaf(root, { keyUsage: ['crlSign'] })),
      says: 'only etcd accepts',
      because: /key usage/,
    },
    {
      rule: 'a leaf without key usage is good for all',
      shows: shown(aBare({ name: 'free', issuer: root, usages: ['clientAuth'] })),
      says: 'both accept',
    },
    {
      rule: 'an intermediate for servers alone has no clients below it',
      shows: below(aCa('for servers', { issuer: root, usages: ['serverAuth'] })),
      says: 'both refuse',
      because: /CN=for servers may not be used for clientAuth/,
    },
    {
      rule: 'an intermediate for clients has clients below it',
      shows: below(aCa('for clients', { issuer: root, usages: ['clientAuth'] })),
      says: 'both accept',
    },
    {
      rule: 'a root for servers alone has no clients below it',
      shows: shown(aLeaf(serverRoot)),
      says: 'both refuse',
      because: /CN=root for servers may not be used for clientAuth/,
    },
    {
      rule: 'a root for both has clients below it',
      shows: shown(aLeaf(bothRoot)),
      says: 'both accept',
    },
    {
      rule: 'a critical extension that nobody knows makes a leaf useless',
      shows: shown(aLeaf(root, { more: [strange] })),
      says: 'both refuse',
      because: /critical extension .* 1.2.3.4/,
    },
    {
      rule: 'a critical extension that nobody knows makes an intermediate useless',
      shows: below(aCa('strange', { issuer: root, more: [strange] })),
      says: 'both refuse',
      because: /CN=strange has a critical extension/,
    },
    {
      rule: 'a critical extension that nobody knows makes a root useless',
      shows: shown(aLeaf(strangeRoot)),
      says: 'both refuse',
      because: /CN=strange root has a critical extension/,
    },
    {
      rule: 'a critical extension that newer Go knows and older does not',
      shows: below(aCa('no other policy', { issuer: root, more: [mustHavePolicy] })),
      says: 'both accept',
      except: { '3.4': 'only openssl accepts' },
      stricter: 'etcd 3.4 refuses it, and what is critical and not known is a no',
      because: /critical extension .* 2.5.29.54/,
    },
    {
      rule: 'an extension that nobody knows and that is not critical does no harm',
      shows: shown(aLeaf(root, { more: [harmless] })),
      says: 'both accept',
    },
    {
      rule: 'names within the constraints of an intermediate are accepted',
      shows: below(limited('permitted', dnsBase('localhost'), netBase(127, 0, 0, 0, 255, 0, 0, 0)), {
        names,
      }),
      says: 'both accept',
    },
    {
      rule: 'a DNS name outside the constraints is refused',
      shows: below(limited('permitted', dnsBase('example.com')), { names }),
      says: 'both refuse',
      because: /forbid the name localhost/,
    },
    {
      rule: 'an address outside the constraints is refused',
      shows: below(limited('permitted', netBase(10, 0, 0, 0, 255, 0, 0, 0)), { names }),
      says: 'both refuse',
      because: /forbid the name 127.0.0.1/,
    },
    {
      rule: 'an address that is excluded is refused',
      shows: below(limited('excluded', netBase(127, 0, 0, 1, 255, 255, 255, 255)), { names }),
      says: 'both refuse',
      because: /forbid the name 127.0.0.1/,
    },
    {
      rule: 'a leaf without names is within all constraints',
      shows: below(limited('permitted', dnsBase('example.com'))),
      says: 'both accept',
    },
    {
      rule: 'a common name that looks like a host is held against constraints by OpenSSL',
      shows: below(limited('permitted', dnsBase('example.com')), { name: 'etcd.example.org' }),
      says: 'only etcd accepts',
      because: /forbid the name etcd.example.org/,
    },
    {
      rule: 'constraints of mail do not matter to who has none',
      shows: below(limited('permitted', mailBase('example.com')), { names }),
      says: 'both accept',
    },
  ],
};

export const usages: Group[] = [uses];
