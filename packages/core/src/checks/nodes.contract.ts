import { fail, type NodeObservation } from '@etcd-rotate/protocol';
import { aClient, aCluster, aMember, withPolicy } from '@etcd-rotate/testing';
import { type Cases, cluster, inputOf, seenWith } from './cases.contract.ts';

const away = fail('node-away', 'the agent on node node-b does not answer', 'look at that node', true).failure;
const late = cluster
  .observations()
  .map(
    (seen): NodeObservation => (seen.node === 'node-b' ? { ...seen, at: '2026-06-01T12:00:03.500Z' } : seen),
  );
const patient = aCluster('a', 'b', 'c', aClient('backup'), withPolicy({ clockTolerance: '5s' }));
const twoSecondsLater = '2026-06-01T12:00:02.000Z';
const nineSecondsLater = '2026-06-01T12:00:09.000Z';

export const nodeCases: Cases = {
  everyNodeAnswers: [
    {
      what: 'a node that does not answer',
      input: inputOf(cluster, { missing: [away], observations: [] }),
      says: ['node-away: the agent on node node-b does not answer'],
    },
    { what: 'nodes that all answer', input: inputOf(), says: [] },
  ],
  nothingIsUnderWay: [
    {
      what: 'a node that is still at work',
      input: inputOf(cluster, {
        observations: cluster
          .observations()
          .map((seen) => (seen.node === 'node-b' ? { ...seen, underWay: ['r0.retire-b.1.change'] } : seen)),
      }),
      says: ['rotation-under-way: node-b is not done yet with an earlier command: r0.retire-b.1.change'],
    },
    { what: 'nodes that have nothing to do', input: inputOf(), says: [] },
  ],
  everyHolderIsKnown: [
    {
      what: 'an agent file that does not name a client',
      input: inputOf(cluster, {
        observations: cluster.observations().filter(({ node }) => node !== 'node-backup'),
      }),
      says: ['unknown-holder: the agent file of node-backup does not name client/backup of cluster main'],
    },
    {
      what: 'a client on another node than declared',
      input: inputOf(aCluster('a', 'b', 'c', aClient('backup', { node: 'node-a' })), {
        cluster: cluster.fleet,
      }),
      says: [
        'unknown-holder: the agent file of node-backup does not name client/backup of cluster main',
        'unknown-holder: the agent file of node-a names client/backup, which the fleet file has on node-backup: one of two of a name would be left out of the rotation',
      ],
    },
    {
      what: 'a client that the agent file alone names',
      input: inputOf(aCluster('a', 'b', 'c', aClient('watcher', { node: 'node-b' })), {
        cluster: aCluster('a', 'b', 'c').fleet,
      }),
      says: [
        'unknown-holder: the agent file of node-b names client/watcher, which the fleet file does not: it would be left out of the rotation and lose its access',
      ],
    },
    {
      what: 'a client that begins as the own one of another node is called',
      input: inputOf(cluster, {
        observations: cluster.observations().map((seen) => {
          const [own] = seen.holders;
          return own && seen.node === 'node-b'
            ? { ...seen, holders: [...seen.holders, { ...own, holder: 'client/agent-node-c' }] }
            : seen;
        }),
      }),
      says: [
        'unknown-holder: the agent file of node-b names client/agent-node-c, which the fleet file has on node-c: one of two of a name would be left out of the rotation',
      ],
    },
    {
      what: 'a member that the agent file of a client’s node alone names, with the client of its agent',
      input: inputOf(aCluster('a', 'b', 'c', aMember('d', { node: 'node-backup' }), aClient('backup')), {
        cluster: cluster.fleet,
      }),
      says: [
        'unknown-holder: the agent file of node-backup names member/d, which the fleet file does not: it would be left out of the rotation and lose its access',
      ],
    },
    {
      what: 'a client on the node of a member',
      input: inputOf(aCluster('a', 'b', 'c', aClient('backup', { node: 'node-a' }))),
      says: [],
    },
  ],
  nodesFindNoProblem: [
    {
      what: 'what a node found itself',
      input: inputOf(cluster, {
        observations: seenWith({
          'client/backup': (seen) => ({
            ...seen,
            problems: [
              fail('key-unreadable', 'client/backup: backup.key is for root alone', 'chown it').failure,
            ],
          }),
        }),
      }),
      says: ['key-unreadable: client/backup: backup.key is for root alone'],
    },
    { what: 'nodes that find nothing', input: inputOf(), says: [] },
  ],
  everySlotIsSeen: [
    {
      what: 'a slot that could not be read',
      input: inputOf(cluster, {
        observations: seenWith({
          'client/backup': ({ slots: { 'server-bundle': _bundle, ...slots }, ...seen }) => ({
            ...seen,
            slots,
          }),
        }),
      }),
      says: ['bad-certificate: client/backup: its server-bundle was not seen on node-backup'],
    },
    {
      what: 'one of which the node says itself why',
      input: inputOf(cluster, {
        observations: seenWith({
          'client/backup': ({ slots: { 'server-bundle': _bundle, ...slots }, ...seen }) => ({
            ...seen,
            slots,
            problems: [fail('bad-bundle', 'client/backup: ca.crt is empty', 'write it').failure],
          }),
        }),
      }),
      says: [],
    },
  ],
  clocksAreClose: [
    {
      what: 'a clock that is 3.5 s ahead',
      input: inputOf(cluster, { observations: late }),
      says: ["clocks-apart: the clock of node-b is 3.5 s from the coordinator's; 2 s are allowed"],
    },
    {
      what: 'a clock that is as far behind as is allowed',
      input: inputOf(cluster, { askedAt: twoSecondsLater }),
      says: [],
    },
    {
      what: 'the same clock where the fleet file allows 5 s',
      input: inputOf(patient, { observations: late }),
      says: [],
    },
    {
      what: 'right clocks when a node took its time to answer, and the others looked before',
      input: inputOf(cluster, { now: nineSecondsLater }),
      says: [],
    },
  ],
};
