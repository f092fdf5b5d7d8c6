import { fail } from '@etcd-rotate/protocol';
import { aCluster, aMember, aRequest, withPolicy } from '@etcd-rotate/testing';
import {
  type Cases,
  cluster,
  everyMember,
  inputOf,
  listed,
  seenWith,
  withFlags,
  withStatus,
} from './cases.contract.ts';

const ofB = (change: ReturnType<typeof withStatus>) =>
  inputOf(cluster, { observations: seenWith({ 'member/b': change }) });

const anotherMember = {
  ...{ id: 'ff', name: 'x', peerUrls: ['https://x:2380'], clientUrls: ['https://x:2379'], isLearner: false },
};

const outage = 'each restart is an outage of about a second';

export const memberCases: Cases = {
  everythingIsModelled: [
    {
      what: 'flags that could not be read',
      input: ofB(({ flags: _flags, ...seen }) => seen),
      says: ['not-modelled: member/b: the flags of its process could not be read'],
    },
    {
      what: 'a flag that is not modelled',
      input: ofB(withFlags({ 'auto-tls': 'true' })),
      says: ['not-modelled: member/b: its client certificates are self-signed: there is no CA to rotate'],
    },
    {
      what: 'CRLs, allowed names, several URLs and a metrics port with TLS',
      input: ofB(
        withFlags({
          'client-crl-file': '/crl',
          'peer-cert-allowed-hostname': 'x',
          'listen-client-urls': 'https://10.0.0.1:2379,https://127.0.0.1:2379',
          'listen-metrics-urls': 'https://10.0.0.1:2381',
        }),
      ),
      says: [],
    },
  ],
  everyMemberServes: [
    {
      what: 'a member that could not be asked',
      input: ofB(({ status: _status, ...seen }) => seen),
      says: ['member-unhealthy: member/b does not serve a linearizable read'],
    },
    {
      what: 'a member that serves nobody',
      input: ofB(withStatus(() => ({ serves: false }))),
      says: ['member-unhealthy: member/b does not serve a linearizable read'],
    },
    { what: 'members that all serve', input: inputOf(), says: [] },
  ],
  membersAreThoseOfTheFleet: [
    {
      what: 'a member of another cluster',
      input: ofB(withStatus(() => ({ clusterId: 'c2' }))),
      says: ['members-differ: the members of main belong to different clusters: c1, c2'],
    },
    {
      what: 'two agents that look at one member',
      input: ofB(withStatus(() => ({ memberId: 'a0' }))),
      says: ['members-differ: main: two agents look at the same member'],
    },
    {
      what: 'a member that the fleet file does not have',
      input: ofB(withStatus(({ members }) => ({ members: [...members, anotherMember] }))),
      says: ['members-differ: main: etcd lists members that the fleet file does not: x (ff)'],
    },
    {
      what: 'a member that another one does not list any more',
      input: inputOf(cluster, {
        observations: seenWith({
          'member/a': withStatus(({ members }) => ({ members: members.filter(({ id }) => id !== 'a1') })),
        }),
      }),
      says: ['members-differ: member/b (a1) is not in the member list of member/a'],
    },
    {
      what: 'a member that could not be asked: it is said elsewhere, and here would be one that nobody knows',
      input: ofB(({ status: _status, ...seen }) => seen),
      says: [],
    },
    {
      what: 'a member that etcd calls by another name',
      input: inputOf(cluster, { observations: everyMember(listed({ name: 'b.example' })) }),
      says: [],
    },
  ],
  oneLeaderEverywhere: [
    {
      what: 'a member that names another leader',
      input: ofB(withStatus(() => ({ leader: 'a1' }))),
      says: ['not-agreed: main: the members name different leaders: a0 in term 2; a1 in term 2'],
    },
    {
      what: 'a member in another term',
      input: ofB(withStatus(() => ({ raftTerm: 3 }))),
      says: ['not-agreed: main: the members name different leaders: a0 in term 2; a0 in term 3'],
    },
    {
      what: 'a member that is behind by an entry',
      input: ofB(withStatus(({ appliedIndex }) => ({ appliedIndex: appliedIndex - 1 }))),
      says: [],
    },
  ],
  noLearner: [
    {
      what: 'a learner',
      input: ofB(listed({ isLearner: true })),
      says: ['learner-present: member b is a learner'],
    },
    {
      what: 'a member that has not started',
      input: ofB(listed({ name: '', clientUrls: [] })),
      says: ['learner-present: member a1 has not started'],
    },
    { what: 'voters', input: inputOf(), says: [] },
  ],
  noAlarm: [
    {
      what: 'an alarm',
      input: ofB(withStatus(() => ({ alarms: ['NOSPACE of a1'] }))),
      says: ['alarm-raised: etcd has an alarm: NOSPACE of a1'],
    },
    { what: 'no alarm', input: inputOf(), says: [] },
  ],
  memberCanBeSpared: [
    {
      what: 'three members of which two serve',
      input: ofB(withStatus(() => ({ serves: false }))),
      says: ['quorum-at-risk: 2 of 3 members serve; with one stopped there would be no majority of 2'],
    },
    {
      what: 'three members of which one does not let us ask: that is said by its node',
      input: ofB(({ status: _status, ...seen }) => ({
        ...seen,
        problems: [fail('permission-missing', 'member/b does not allow the call', 'grant it').failure],
      })),
      says: [],
    },
    {
      what: 'one member',
      input: inputOf(aCluster('a')),
      says: [`downtime-not-accepted: main has one member: ${outage}`],
    },
    {
      what: 'two members',
      input: inputOf(aCluster('a', 'b')),
      says: [`downtime-not-accepted: main has two members: ${outage}`],
    },
    {
      what: 'two members where an outage is accepted',
      input: inputOf(aCluster('a', 'b'), { request: aRequest({ acceptDowntime: true }) }),
      says: [],
    },
    {
      what: 'five members of which four serve',
      input: inputOf(aCluster('a', 'b', 'c', 'd', 'e'), {
        observations: seenWith(
          { 'member/b': withStatus(() => ({ serves: false })) },
          aCluster('a', 'b', 'c', 'd', 'e'),
        ),
      }),
      says: [],
    },
    {
      what: 'one member whose leaves are renewed: it is not restarted',
      input: inputOf(aCluster('a'), { request: aRequest({ strategy: 'renew' }) }),
      says: [],
    },
  ],
  rightsAreThere: [
    {
      what: 'a user who is not root',
      input: ofB(withStatus(() => ({ auth: 'limited' }))),
      says: [
        "permission-missing: member/b: etcd auth is on, and the user of the agent's own client may not do all that a rotation does (in etcd 3.5.30 root alone may call Status, MoveLeader, Snapshot)",
      ],
    },
    {
      what: 'rights that could not be seen, in an older etcd and without a snapshot',
      input: inputOf(aCluster(aMember('b', { version: '3.4.23' }), withPolicy({ snapshot: 'off' })), {
        observations: everyMember(
          withStatus(() => ({ auth: 'unknown' })),
          aCluster(aMember('b', { version: '3.4.23' })),
        ),
      }),
      says: [
        "permission-missing: member/b: whether the agent's own client may do all that a rotation does could not be seen",
      ],
    },
    {
      what: 'a user who is root',
      input: inputOf(cluster, { observations: everyMember(withStatus(() => ({ auth: 'root' }))) }),
      says: [],
    },
  ],
};
