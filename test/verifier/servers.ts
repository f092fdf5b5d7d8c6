import type { Case, Group } from './case.ts';
import { here } from './case.ts';
import { aCa, aLeaf, bundleOf, shown } from './makers.ts';

// What a member that dials accepts of a server (facts: etcd, section 4).

const root = aCa('root');
const middle = aCa('middle', { issuer: root });
const clientRoot = aCa('root for clients', { usages: ['clientAuth'] });
const names = { dns: ['localhost'], ip: [here] };
const named = (dns: string[], ip: string[] = [], name = 'leaf') =>
  shown(aLeaf(root, { name, names: { dns, ip } }));

const hosts: Group = {
  title: 'servers by their names',
  bundle: bundleOf(root, clientRoot),
  servers: [
    { rule: 'a server with the address is accepted', shows: named([], [here]), says: 'both accept' },
    {
      rule: 'a server with another address is refused',
      shows: named(['localhost'], ['10.0.0.1']),
      says: 'both refuse',
      because: /is not valid for 127.0.0.1/,
    },
    {
      rule: 'a server with the address as a DNS name is refused',
      shows: named([here]),
      says: 'both refuse',
      because: /is not valid for 127.0.0.1/,
    },
    {
      rule: 'a server with the name is accepted',
      shows: named(['localhost']),
      at: 'localhost',
      says: 'both accept',
    },
    {
      rule: 'a server with the name in capitals is accepted',
      shows: named(['LocalHost']),
      at: 'localhost',
      says: 'both accept',
    },
    {
      rule: 'a server with another name is refused',
      shows: named(['etcd.example.com'], [here]),
      at: 'localhost',
      says: 'both refuse',
      because: /is not valid for localhost/,
    },
    {
      rule: 'a server with the name and a dot behind it is refused',
      shows: named(['localhost.']),
      at: 'localhost',
      says: 'both refuse',
      because: /is not valid for localhost/,
    },
    {
      rule: 'a wildcard of one label alone covers nothing, but for old Go',
      shows: named(['*']),
      at: 'localhost',
      says: 'both refuse',
      except: { '3.4': 'only etcd accepts' },
      because: /is not valid for localhost/,
    },
    {
      rule: 'a server with the name as its common name alone is accepted by OpenSSL',
      shows: named([], [], 'localhost'),
      at: 'localhost',
      says: 'only openssl accepts',
      because: /is not valid for localhost/,
    },
    {
      rule: 'a server of a CA that nobody knows is refused',
      shows: shown(aLeaf(aCa('unknown'), { names })),
      says: 'both refuse',
      because: /is not in the bundle/,
    },
    {
      rule: 'a server with a leaf for clients alone is refused',
      shows: shown(aLeaf(root, { names, usages: ['clientAuth'] })),
      says: 'both refuse',
      because: /may not be used for serverAuth/,
    },
    {
      rule: 'a server with a leaf for servers alone is accepted',
      shows: shown(aLeaf(root, { names, usages: ['serverAuth'] })),
      says: 'both accept',
    },
    {
      rule: 'a root for clients alone has no servers below it',
      shows: shown(aLeaf(clientRoot, { names })),
      says: 'both refuse',
      because: /CN=root for clients may not be used for serverAuth/,
    },
    {
      rule: 'a server that sends its intermediate is accepted',
      shows: shown(aLeaf(middle, { names }), middle),
      says: 'both accept',
    },
    {
      rule: 'a server that does not send it is refused',
      shows: shown(aLeaf(middle, { names })),
      says: 'both refuse',
      because: /CN=middle, the issuer/,
    },
    {
      rule: 'a server with an expired leaf is refused',
      shows: shown(aLeaf(root, { names, days: [-9, -1] })),
      says: 'both refuse',
      because: /expired at/,
    },
    {
      rule: 'a server whose key usage is for encipherment alone is accepted',
      shows: shown(aLeaf(root, { names, keyUsage: ['keyAgreement'] })),
      says: 'both accept',
    },
  ],
};

const allowed = (title: string, rules: Partial<Group>, cases: Case[]): Group => ({
  title,
  bundle: bundleOf(root),
  ...rules,
  servers: cases,
});

const commonName = allowed(
  'a common name is allowed, and servers are dialled',
  { allowedCommonName: 'etcd-peer' },
  [
    {
      rule: 'a server with the allowed common name is accepted',
      shows: named([], [here], 'etcd-peer'),
      says: 'both accept',
    },
    {
      rule: 'a server with another common name is refused by who dials, too',
      shows: named([], [here], 'somebody'),
      says: 'only openssl accepts',
      because: /only the common name etcd-peer is allowed/,
    },
  ],
);

const hostname = allowed(
  'a host is allowed, and servers are dialled',
  { allowedHostname: 'etcd.example.com' },
  [
    {
      rule: 'a server with the allowed host among its names is accepted',
      shows: named(['etcd.example.com'], [here]),
      says: 'both accept',
    },
    {
      rule: 'a server without it is refused by who dials, too',
      shows: named([], [here]),
      says: 'only openssl accepts',
      because: /which alone is allowed/,
    },
  ],
);

export const servers: Group[] = [hosts, commonName, hostname];
