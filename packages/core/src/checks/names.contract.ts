import type { HolderObservation, Names } from '@etcd-rotate/protocol';
import { aClient, aCluster, aRequest } from '@etcd-rotate/testing';
import {
  type Cases,
  cluster,
  everyMember,
  fleetWith,
  inputOf,
  listed,
  seenWith,
  withFlags,
  withLeaf,
  withStatus,
} from './cases.contract.ts';
import type { CheckInput } from './check.ts';

const ofB = (change: (seen: HolderObservation) => HolderObservation, wish: Partial<CheckInput> = {}) =>
  inputOf(cluster, { observations: seenWith({ 'member/b': change }), ...wish });
const reaching =
  (...endpoints: string[]) =>
  (seen: HolderObservation): HolderObservation => ({ ...seen, endpoints });
const withEndpoints = (...endpoints: string[]) =>
  inputOf(cluster, { observations: seenWith({ 'client/backup': reaching(...endpoints) }) });
const alone = aCluster('b');
const beside = aCluster('a', 'b', 'c', aClient('near', { node: 'node-b' }));
const named = (slot: 'server-leaf' | 'peer-leaf', names: Names) => withLeaf(slot, () => ({ names }));

/** Its address is in no leaf, and its name resolves to it. */
const byDns = (seen: HolderObservation): HolderObservation => ({
  ...seen,
  dialsFrom: ['10.0.0.2'],
  resolves: { 'b.example': ['10.0.0.9', '10.0.0.2'] },
});

const not = 'names-missing: member/b: its server-leaf, CN=b (########), is not valid for';
const notFrom = 'names-missing: member/b: its peer-leaf, CN=b (########), does not name';

export const nameCases: Cases = {
  namesCoverWhatIsDialled: [
    {
      what: 'an endpoint of the agent file without a name',
      input: ofB((seen) => ({ ...seen, endpoint: 'https://10.0.0.9:2379' })),
      says: [`${not} 10.0.0.9, its endpoint in the agent file`],
    },
    {
      what: 'a URL that etcd advertises',
      input: ofB(listed({ clientUrls: ['https://b.other:2379'] })),
      says: [`${not} b.other, which it advertises to clients`],
    },
    {
      what: 'an address on which it listens',
      input: ofB(withFlags({ 'listen-client-urls': 'https://10.0.0.2:2379,https://127.0.0.1:2379' })),
      says: [`${not} 10.0.0.2, on which it listens for clients`],
    },
    {
      what: 'an address on which it gives its metrics with TLS',
      input: ofB(withFlags({ 'listen-metrics-urls': 'http://10.0.0.3:1,https://10.0.0.2:2381' })),
      says: [`${not} 10.0.0.2, on which it listens for those who read its metrics`],
    },
    {
      what: 'a peer URL, of IPv6',
      input: ofB((seen) => ({ ...seen, peerEndpoint: 'https://[fd00::9]:2380' })),
      says: [
        'names-missing: member/b: its peer-leaf, CN=b (########), is not valid for fd00::9, its peerEndpoint in the agent file',
      ],
    },
    {
      what: 'a name of a balancer, which any member may have to show',
      input: withEndpoints('https://a.example:2379', 'https://etcd.example:2379'),
      says: ['a', 'b', 'c'].map(
        (name) =>
          `names-missing: member/${name}: its server-leaf, CN=${name} (########), is not valid for etcd.example, by which client/backup reaches it`,
      ),
    },
    {
      what: 'the loopback name by which a client reaches the member of its own node',
      input: inputOf(beside, {
        observations: seenWith({ 'client/near': reaching('https://localhost:2379') }, beside),
      }),
      says: [`${not} localhost, by which client/near reaches it`],
    },
    {
      what: 'a name of a balancer for a client beside a member',
      input: inputOf(beside, {
        observations: seenWith({ 'client/near': reaching('https://etcd.example:2379') }, beside),
      }),
      says: ['a', 'b', 'c'].map(
        (name) =>
          `names-missing: member/${name}: its server-leaf, CN=${name} (########), is not valid for etcd.example, by which client/near reaches it`,
      ),
    },
    {
      what: 'a loopback address by which a client reaches the member of its own node',
      input: inputOf(beside, {
        observations: seenWith({ 'client/near': reaching('https://127.0.0.7:2379') }, beside),
      }),
      says: [`${not} 127.0.0.7, by which client/near reaches it`],
    },
    {
      what: 'the loopback name of a node without a member, behind which any may be',
      input: withEndpoints('https://localhost:2379'),
      says: ['a', 'b', 'c'].map(
        (name) =>
          `names-missing: member/${name}: its server-leaf, CN=${name} (########), is not valid for localhost, by which client/backup reaches it`,
      ),
    },
    {
      what: 'a name that would be dropped and is needed',
      input: inputOf(cluster, {
        cluster: fleetWith({ dropNames: { client: { dns: ['B.example'], ip: [] } } }),
      }),
      says: [
        'names-missing: member/b: its new server-leaf would not be valid for b.example, which it advertises to clients: dropNames takes that name away',
      ],
    },
    {
      what: 'an address on which it listens, which the new leaf of the other domain alone gets',
      input: ofB(withFlags({ 'listen-peer-urls': 'https://10.0.0.2:2380' }), {
        cluster: fleetWith({ addNames: { client: { dns: [], ip: ['10.0.0.2'] } } }),
      }),
      says: [
        'names-missing: member/b: its peer-leaf, CN=b (########), is not valid for 10.0.0.2, on which it listens for peers',
      ],
    },
    {
      what: 'an address on which it listens, in a domain that is not rotated',
      input: ofB(withFlags({ 'listen-peer-urls': 'https://10.0.0.2:2380' }), {
        cluster: fleetWith({ addNames: { peer: { dns: [], ip: ['10.0.0.2'] } } }),
        request: aRequest({ domains: ['client'] }),
      }),
      says: [
        'names-missing: member/b: its peer-leaf, CN=b (########), is not valid for 10.0.0.2, on which it listens for peers',
      ],
    },
    {
      what: 'an address on which it listens and by which a client reaches it, which only the new leaf has',
      input: inputOf(cluster, {
        observations: seenWith({
          'client/backup': reaching('https://10.0.0.2:2379'),
          'member/b': withFlags({ 'listen-client-urls': 'https://10.0.0.2:2379' }),
        }),
        cluster: fleetWith({ addNames: { client: { dns: [], ip: ['10.0.0.2'] } } }),
      }),
      says: [`${not} 10.0.0.2, by which client/backup reaches it`],
    },
    {
      what: 'addresses on which it listens, which the new leaves get',
      input: ofB(
        withFlags({
          'listen-client-urls': 'https://10.0.0.2:2379',
          'listen-metrics-urls': 'https://[FD00::2]:2381',
          'listen-peer-urls': 'https://10.0.0.2:2380',
        }),
        {
          cluster: fleetWith({
            addNames: {
              client: { dns: [], ip: ['10.0.0.2', 'fd00::2'] },
              peer: { dns: [], ip: ['10.0.0.2'] },
            },
          }),
        },
      ),
      says: [],
    },
    {
      what: 'a wildcard address, which is nobody’s name',
      input: ofB(withFlags({ 'listen-client-urls': 'https://[::]:2379,https://0.0.0.0:2379' })),
      says: [],
    },
    {
      what: 'endpoints of a client that are those of members, each in its own leaf',
      input: withEndpoints('https://a.example:2379/', 'https://b.example:4001'),
      says: [],
    },
    {
      what: 'a name that would be dropped and that nobody needs',
      input: ofB(named('server-leaf', { dns: ['b.example', 'old.example'], ip: ['127.0.0.1'] }), {
        cluster: fleetWith({ dropNames: { client: { dns: ['old.example'], ip: [] } } }),
      }),
      says: [],
    },
    {
      what: 'a name that would be dropped in a domain that is not rotated',
      input: inputOf(cluster, {
        cluster: fleetWith({ dropNames: { client: { dns: ['b.example'], ip: [] } } }),
        request: aRequest({ domains: ['peer'] }),
      }),
      says: [],
    },
  ],
  namesCoverSourceAddresses: [
    {
      what: 'an address that is not in the peer leaf',
      input: ofB((seen) => ({ ...seen, dialsFrom: ['127.0.0.1', '10.0.0.2'] })),
      says: [`${notFrom} 10.0.0.2, from which it dials its peers`],
    },
    {
      what: 'addresses that could not be seen',
      input: ofB(({ dialsFrom: _from, ...seen }) => seen),
      says: [
        'names-missing: member/b: the addresses from which it dials its peers could not be seen, and its peer-leaf has to name them',
      ],
    },
    {
      what: 'an address that would be dropped, written otherwise',
      input: ofB(
        (seen) => ({
          ...named('peer-leaf', { dns: ['b.example'], ip: ['fd00::2'] })(seen),
          dialsFrom: ['fd00::2'],
        }),
        { cluster: fleetWith({ dropNames: { peer: { dns: [], ip: ['FD00:0::2'] } } }) },
      ),
      says: [
        'names-missing: member/b: its new peer-leaf would not be valid for fd00::2, from which it dials its peers: dropNames takes that name away',
      ],
    },
    {
      what: 'an address that would be dropped from a leaf of both ports by what is said of the other one',
      input: ofB(
        (seen) => {
          const both = seen.slots['server-leaf'];
          return both ? { ...seen, slots: { ...seen.slots, 'peer-leaf': both } } : seen;
        },
        { cluster: fleetWith({ dropNames: { client: { dns: [], ip: ['127.0.0.1'] } } }) },
      ),
      says: [
        'names-missing: member/b: its new peer-leaf would not be valid for 127.0.0.1, from which it dials its peers: dropNames takes that name away',
      ],
    },
    {
      what: 'a wildcard, which etcd looks up backwards alone',
      input: ofB((seen) => ({
        ...named('peer-leaf', { dns: ['*.example'], ip: [] })(seen),
        dialsFrom: ['10.0.0.2'],
        resolves: { '*.example': ['10.0.0.2'] },
      })),
      says: [`${notFrom} 10.0.0.2, from which it dials its peers`],
    },
    {
      what: 'an address of the only member: it dials nobody',
      input: inputOf(alone, {
        observations: seenWith({ 'member/b': (seen) => ({ ...seen, dialsFrom: ['10.0.0.2'] }) }, alone),
      }),
      says: [],
    },
    {
      what: 'a flag of 3.6 that an etcd 3.5 does not read',
      input: inputOf(cluster, {
        observations: everyMember((seen) => ({
          ...withFlags({ 'peer-skip-client-san-verification': 'true' })(seen),
          dialsFrom: [seen.holder === 'member/b' ? '10.0.0.2' : '127.0.0.1'],
        })),
      }),
      says: [`${notFrom} 10.0.0.2, from which it dials its peers`],
    },
    {
      what: 'the same address where no peer looks at it',
      input: inputOf(cluster, {
        observations: everyMember((seen) => ({
          ...withFlags({ 'experimental-peer-skip-client-san-verification': 'true' })(seen),
          dialsFrom: [seen.holder === 'member/b' ? '10.0.0.2' : '127.0.0.1'],
        })),
      }),
      says: [],
    },
    {
      what: 'a leaf without any name, which is let in from anywhere',
      input: ofB((seen) => ({
        ...named('peer-leaf', { dns: [], ip: [] })(seen),
        dialsFrom: ['10.0.0.2'],
      })),
      says: [],
    },
    { what: 'an address that DNS gives', input: ofB(byDns), says: [] },
  ],
  sourceAddressesAreNamedWithoutDns: [
    {
      what: 'an address that DNS alone gives',
      input: ofB(byDns),
      says: [
        'names-by-dns: member/b: its peers find 10.0.0.2, from which it dials them, in its peer-leaf through DNS alone (b.example)',
      ],
    },
    {
      what: 'addresses that could not be seen: that is said elsewhere',
      input: ofB(({ dialsFrom: _from, ...seen }) => seen),
      says: [],
    },
    {
      what: 'the same address where the new leaf gets it',
      input: ofB(byDns, { cluster: fleetWith({ addNames: { peer: { dns: [], ip: ['10.0.0.2'] } } }) }),
      says: [],
    },
    {
      what: 'the same address where no peer looks at it',
      input: inputOf(cluster, {
        observations: everyMember((seen) =>
          withFlags({ 'peer-skip-client-san-verification': 'true' })(
            withStatus(() => ({ version: '3.6.14' }))(seen.holder === 'member/b' ? byDns(seen) : seen),
          ),
        ),
      }),
      says: [],
    },
  ],
};
