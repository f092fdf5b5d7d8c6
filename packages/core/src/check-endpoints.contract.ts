import { type Cases, cluster, everyMember, inputOf, listed, seenWith, withFlags } from './checks.contract.ts';

const ofB = (change: Parameters<typeof everyMember>[0]) =>
  inputOf(cluster, { observations: seenWith({ 'member/b': change }) });

export const endpointCases: Cases = {
  endpointsAreTheMembersOwn: [
    {
      what: 'an endpoint that the member does not know',
      input: ofB((seen) => ({ ...seen, endpoint: 'https://c.example:2379' })),
      says: [
        'members-differ: member/b: the host of its endpoint in the agent file, c.example, is none that it advertises or listens on (b.example)',
      ],
    },
    {
      what: 'a peer endpoint on loopback, where the peers would reach themselves',
      input: ofB((seen) => ({ ...seen, peerEndpoint: 'https://127.0.0.1:2380' })),
      says: [
        'members-differ: member/b: the host of its peerEndpoint in the agent file, 127.0.0.1, is none that it advertises or listens on (b.example)',
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
