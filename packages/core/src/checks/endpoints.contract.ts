import { aCluster } from '@etcd-rotate/testing';
import { type Cases, cluster, everyMember, inputOf, listed, seenWith, withFlags } from './cases.contract.ts';

const ofB = (change: Parameters<typeof everyMember>[0]) =>
  inputOf(cluster, { observations: seenWith({ 'member/b': change }) });

const everywhere = 'https://0.0.0.0:2380';

export const endpointCases: Cases = {
  endpointsAreTheMembersOwn: [
    {
      what: 'an endpoint that the member does not know, where only its peers reach it on every address',
      input: ofB((seen) => ({
        ...withFlags({ 'listen-client-urls': 'https://10.0.0.2:2379', 'listen-peer-urls': everywhere })(seen),
        endpoint: 'https://c.example:2379',
      })),
      says: [
        'members-differ: member/b: the host of its endpoint in the agent file, c.example, is none that it advertises or listens on (b.example, 10.0.0.2)',
      ],
    },
    {
      what: 'a peer endpoint that the member does not know, where only its clients reach it on every address',
      input: ofB((seen) => ({
        ...withFlags({ 'listen-client-urls': everywhere, 'listen-peer-urls': 'https://10.0.0.2:2380' })(seen),
        peerEndpoint: 'https://10.0.0.9:2380',
      })),
      says: [
        'members-differ: member/b: the host of its peerEndpoint in the agent file, 10.0.0.9, is none that it advertises or listens on (b.example, 10.0.0.2)',
      ],
    },
    {
      what: 'loopback, of a member that listens on every address: its peers would reach themselves',
      input: ofB((seen) => ({
        ...withFlags({ 'listen-peer-urls': everywhere })(seen),
        peerEndpoint: 'https://LOCALHOST:2380',
      })),
      says: [
        'members-differ: member/b: the host of its peerEndpoint in the agent file, LOCALHOST, is none that it advertises or listens on (b.example)',
      ],
    },
    {
      what: 'an endpoint that it listens on and does not advertise',
      input: ofB((seen) => ({
        ...withFlags({ 'listen-client-urls': 'https://127.0.0.1:2379,https://[fd00::1]:2379' })(seen),
        endpoint: 'https://[fd00::1]:2379',
      })),
      says: [],
    },
    {
      what: 'names that it does not advertise, of a member that listens on every address',
      input: ofB((seen) => ({
        ...withFlags({
          'listen-client-urls': 'https://127.0.0.1:2379,https://[0:0:0:0:0:0:0:0]:2379',
          'listen-peer-urls': everywhere,
        })(seen),
        endpoint: 'https://etcd-b.internal:2379',
        peerEndpoint: 'https://10.0.0.2:2380',
      })),
      says: [],
    },
    {
      what: 'loopback, of the only member on the only node, which listens on every address',
      input: inputOf(aCluster('b'), {
        observations: seenWith(
          {
            'member/b': (seen) => ({
              ...withFlags({ 'listen-client-urls': everywhere })(seen),
              endpoint: 'https://127.0.0.1:2379',
            }),
          },
          aCluster('b'),
        ),
      }),
      says: [],
    },
  ],
  everyAdvertisedUrlHasTls: [
    {
      what: 'a peer URL without TLS in the member list',
      input: inputOf(cluster, { observations: everyMember(listed({ peerUrls: ['http://b.example:2380'] })) }),
      says: ["not-modelled: member/b: etcd's member list has a URL of it without TLS, http://b.example:2380"],
    },
    {
      what: 'a flag of the first start that says otherwise than the member list',
      input: ofB(withFlags({ 'initial-advertise-peer-urls': 'http://b.example:2380' })),
      says: [],
    },
  ],
};
