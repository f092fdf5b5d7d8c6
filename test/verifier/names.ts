import { type Case, elsewhere, type Group, here } from './case.ts';
import { aCa, aLeaf, bundleOf, shown } from './makers.ts';

// Names of a leaf: against the address that it comes from, and against the names that are allowed (facts: etcd, section 4).

const root = aCa('root');
const named = (dns: string[], ip: string[], name = 'leaf') =>
  shown(aLeaf(root, { name, names: { dns, ip } }));

/** Only the peer port looks at where a connection comes from. */
const looksAtSource = (one: Omit<Case, 'says' | 'except'> & { refused?: true }): Case => {
  const { refused, ...rest } = one;
  return { ...rest, says: 'both accept', ...(refused && { except: { peer: 'only openssl accepts' } }) };
};

const sources: Group = {
  title: 'names and addresses of a leaf',
  bundle: bundleOf(root),
  arrivals: [
    looksAtSource({
      rule: 'a leaf without names may come from anywhere',
      shows: shown(aLeaf(root)),
      at: elsewhere,
    }),
    looksAtSource({
      rule: 'a leaf with its address may come from there',
      shows: named([], ['10.0.0.1', elsewhere]),
      at: elsewhere,
    }),
    looksAtSource({
      rule: 'a leaf with another address may not',
      shows: named([], ['10.0.0.1']),
      at: elsewhere,
      because: /comes from 127.9.9.9/,
      refused: true,
    }),
    looksAtSource({
      rule: 'a leaf with a name that resolves to the address may come from there',
      shows: named(['localhost'], []),
      at: here,
    }),
    looksAtSource({
      rule: 'a leaf with a name that resolves to another address may not',
      shows: named(['localhost'], []),
      at: elsewhere,
      because: /localhost is not known to resolve/,
      refused: true,
    }),
    looksAtSource({
      rule: 'a leaf with a wrong address and a name that resolves may come from there',
      shows: named(['localhost'], ['10.0.0.1']),
      at: here,
    }),
    looksAtSource({
      rule: 'a leaf with the right address and a name that nobody knows may come from there',
      shows: named(['nowhere.invalid'], [here]),
      at: here,
    }),
    looksAtSource({
      rule: 'a leaf with a name that nobody knows may not',
      shows: named(['nowhere.invalid'], []),
      at: elsewhere,
      because: /nowhere.invalid is not known/,
      refused: true,
    }),
    looksAtSource({
      rule: 'a wildcard does not match what is only resolved forwards',
      shows: named(['*.localhost'], []),
      at: here,
      because: /is not known to resolve/,
      refused: true,
    }),
    looksAtSource({
      rule: 'an address that is written as a DNS name resolves to itself',
      shows: named([elsewhere], []),
      at: elsewhere,
    }),
  ],
};

const commonNames = (
  allowed: string,
  cases: [name: string, says: Case['says'], except?: Case['except']][],
): Group => ({
  title: `the common name ${allowed} is allowed`,
  bundle: bundleOf(root),
  allowedCommonName: allowed,
  arrivals: cases.map(([name, says, except]) => ({
    rule: `of ${allowed}, the common name ${name || '(none)'} gets in or not`,
    shows: named([], [here], name),
    says,
    ports: ['peer'],
    ...(except && { except }),
    because: /only the common name/,
  })),
});

const allowedOne = commonNames('etcd-peer', [
  ['etcd-peer', 'both accept'],
  ['ETCD-PEER', 'only openssl accepts'],
  ['etcd-peer2', 'only openssl accepts'],
  ['', 'only openssl accepts'],
]);

const allowedList = commonNames('m1,m2', [
  ['m1', 'both accept', { '3.4': 'only openssl accepts' }],
  ['m2', 'both accept', { '3.4': 'only openssl accepts' }],
  ['m3', 'only openssl accepts'],
  ['m1,m2', 'only openssl accepts', { '3.4': 'both accept' }],
]);

const hostnames = (
  allowed: string,
  cases: [rule: string, dns: string[], ip: string[], Partial<Case>][],
): Group => ({
  title: `the host ${allowed} is allowed`,
  bundle: bundleOf(root),
  allowedHostname: allowed,
  arrivals: cases.map(([rule, dns, ip, rest]) => ({
    rule: `allowed is ${allowed}: ${rule}`,
    shows: named(dns, ip, allowed),
    says: 'only openssl accepts',
    because: /which alone is allowed/,
    ...rest,
  })),
});

const yes = { says: 'both accept' } as const;
const allowedHost = hostnames('etcd.example.com', [
  ['a leaf with the name gets in', ['etcd.example.com'], [here], yes],
  ['a leaf with the name in capitals gets in', ['ETCD.example.com'], [here], yes],
  ['a leaf with a wildcard that covers it gets in', ['*.example.com'], [here], yes],
  ['a wildcard covers one label only', ['*.com'], [here], {}],
  ['a wildcard for a part of a label covers nothing', ['e*.example.com'], [here], {}],
  ['a name with a dot at its end is another', ['etcd.example.com.'], [here], {}],
  ['a common name does not count', [], [here], {}],
]);

const allowedAddress = hostnames(here, [
  ['a leaf with the address gets in', [], [here], yes],
  ['a leaf with it as a DNS name does not', [here], [], {}],
]);

const shortWildcard = hostnames('etcd.local', [
  [
    'a wildcard under one label gets in',
    ['*.local'],
    [here],
    { ...yes, stricter: 'OpenSSL and Node do not take such a wildcard for a host, and one rule serves both' },
  ],
]);

export const names: Group[] = [sources, allowedOne, allowedList, allowedHost, allowedAddress, shortWildcard];
