import type {
  Failure,
  HolderId,
  HolderObservation,
  MemberStatus,
  NodeObservation,
} from '@etcd-rotate/protocol';
import { fail } from '@etcd-rotate/protocol';
import {
  aClient,
  aCluster,
  aMember,
  amend,
  aRequest,
  type Cluster,
  covers,
  withCas,
  withPolicy,
} from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import type { CheckInput } from './check.ts';
import { preflight, refusalsOf } from './checks.ts';

const cluster = aCluster('a', 'b', 'c', aClient('backup'));

function inputOf(of: Cluster = cluster, wish: Partial<CheckInput> = {}): CheckInput {
  const now = of.clock.now().toISOString();
  return {
    cluster: of.fleet,
    request: aRequest(),
    observations: of.observations(),
    missing: [],
    askedAt: now,
    now,
    covers,
    ...wish,
  };
}

const said = (failures: Failure[]) => failures.map(({ code, message }) => `${code}: ${message}`);

/** What is refused when one holder is seen differently. */
function refusedWith(holder: HolderId, change: (seen: HolderObservation) => HolderObservation): string[] {
  return said(refusalsOf(inputOf(cluster, { observations: amend(cluster.observations(), holder, change) })));
}

const withStatus = (change: (status: MemberStatus) => Partial<MemberStatus>) => (seen: HolderObservation) =>
  seen.status ? { ...seen, status: { ...seen.status, ...change(seen.status) } } : seen;

describe('nothing is refused', () => {
  test.each<[string, Cluster, Partial<CheckInput>?]>([
    ['in a healthy cluster', cluster],
    ['with two CAs', aCluster('a', 'b', 'c', withCas('ca1', 'pca1'))],
    ['with other members and versions', aCluster('a', 'b', 'c', 'd', aMember('e', { version: '3.4.23' }))],
    [
      'with one member where an outage is accepted',
      aCluster('a'),
      { request: aRequest({ acceptDowntime: true }) },
    ],
    [
      'with two members where an outage is accepted',
      aCluster('a', 'b'),
      { request: aRequest({ acceptDowntime: true }) },
    ],
  ])('%s', (_what, healthy, wish) => {
    expect(refusalsOf(inputOf(healthy, wish))).toEqual([]);
  });

  test('when a node took its time to answer: the others looked earlier, and their clocks are right', () => {
    const askedAt = cluster.clock.now().toISOString();
    const observations = cluster.observations();
    const now = new Date(Date.parse(askedAt) + 9000).toISOString();
    expect(refusalsOf(inputOf(cluster, { observations, askedAt, now }))).toEqual([]);
  });
});

describe('a holder is refused', () => {
  test.each<[string, HolderId, (seen: HolderObservation) => HolderObservation, string[]]>([
    [
      'that its node reports a problem of',
      'client/backup',
      (seen) => ({ ...seen, problems: [fail('single-file-mount', 'x is mounted on its own', '').failure] }),
      ['single-file-mount: x is mounted on its own'],
    ],
    [
      'whose flags could not be read',
      'member/b',
      ({ flags: _flags, ...seen }) => seen,
      ['not-modelled: member/b: the flags of its process could not be read'],
    ],
    [
      'that is started with something that is not modelled',
      'member/b',
      (seen) => ({ ...seen, flags: { ...seen.flags, 'auto-tls': 'true' } }),
      ['not-modelled: member/b: its client certificates are self-signed: there is no CA to rotate'],
    ],
    [
      'of an etcd that this version does not know',
      'member/b',
      withStatus(() => ({ version: '3.3.27' })),
      ['not-modelled: member/b is etcd 3.3.27, which this version of etcd-rotate does not know'],
    ],
    [
      'that could not be asked',
      'member/b',
      ({ status: _status, ...seen }) => seen,
      [
        'member-unhealthy: member/b does not serve a linearizable read',
        'quorum-at-risk: 2 of 3 members serve; with one stopped there would be no majority of 2',
      ],
    ],
    [
      'that serves nobody',
      'member/b',
      withStatus(() => ({ serves: false })),
      [
        'member-unhealthy: member/b does not serve a linearizable read',
        'quorum-at-risk: 2 of 3 members serve; with one stopped there would be no majority of 2',
      ],
    ],
    [
      'of another cluster',
      'member/b',
      withStatus(() => ({ clusterId: 'c2' })),
      ['members-differ: the members of main belong to different clusters: c1, c2'],
    ],
    [
      'that is another one by its id',
      'member/b',
      withStatus(() => ({ memberId: 'a0' })),
      [
        'members-differ: main: two agents look at the same member',
        'names-missing: member/b: its server-leaf is not valid for a.example, by which others reach it',
        'names-missing: member/b: its peer-leaf is not valid for a.example, by which others reach it',
      ],
    ],
    [
      'that lists members which the fleet file does not have',
      'member/b',
      withStatus(({ members }) => ({
        members: [
          ...members,
          { id: 'ff', name: 'x', peerUrls: [], clientUrls: ['https://x:2379'], isLearner: false },
        ],
      })),
      ['members-differ: main: etcd lists members that the fleet file does not: x (ff)'],
    ],
    [
      'that names another leader',
      'member/b',
      withStatus(() => ({ leader: 'a1' })),
      ['not-agreed: main: the members name different leaders: a0 in term 2; a1 in term 2'],
    ],
    [
      'that is in another term',
      'member/b',
      withStatus(() => ({ raftTerm: 3 })),
      ['not-agreed: main: the members name different leaders: a0 in term 2; a0 in term 3'],
    ],
    [
      'that is a learner',
      'member/b',
      withStatus(({ members }) => ({
        members: members.map((one) => ({ ...one, isLearner: one.id === 'a1' })),
      })),
      ['learner-present: member b is a learner'],
    ],
    [
      'that has not started',
      'member/b',
      withStatus(({ members }) => ({
        members: members.map((one) => (one.id === 'a1' ? { ...one, clientUrls: [] } : one)),
      })),
      ['learner-present: member b has not started'],
    ],
    [
      'that knows an alarm',
      'member/b',
      withStatus(() => ({ alarms: ['NOSPACE of a1'] })),
      ['alarm-raised: etcd has an alarm: NOSPACE of a1'],
    ],
    [
      'whose leaf is expired',
      'client/backup',
      withLeaf('client-leaf', (facts) => ({ ...facts, notAfter: '2026-05-31T00:00:00.000Z' })),
      [
        'certificate-expired: client/backup: its client-leaf (CN=backup) is valid from 2026-05-31T12:00:00.000Z to 2026-05-31T00:00:00.000Z',
      ],
    ],
    [
      'whose leaf is not valid yet',
      'member/b',
      withLeaf('peer-leaf', (facts) => ({ ...facts, notBefore: '2026-07-01T00:00:00.000Z' })),
      [
        'certificate-expired: member/b: its peer-leaf (CN=b) is valid from 2026-07-01T00:00:00.000Z to 2027-06-01T12:00:00.000Z',
      ],
    ],
    [
      'whose server leaf lacks the name that clients dial',
      'member/b',
      (seen) => ({ ...seen, endpoint: 'https://10.0.0.9:2379' }),
      ['names-missing: member/b: its server-leaf is not valid for 10.0.0.9, by which others reach it'],
    ],
    [
      'whose server leaf lacks a name that etcd advertises',
      'member/b',
      withStatus(({ members }) => ({
        members: members.map((one) =>
          one.id === 'a1' ? { ...one, clientUrls: ['https://b.other:2379'] } : one,
        ),
      })),
      ['names-missing: member/b: its server-leaf is not valid for b.other, by which others reach it'],
    ],
    [
      'whose peer leaf lacks the name that peers dial',
      'member/b',
      (seen) => ({ ...seen, peerEndpoint: 'https://[fd00::9]:2380' }),
      ['names-missing: member/b: its peer-leaf is not valid for fd00::9, by which others reach it'],
    ],
    [
      'whose server leaf may not dial, as the gateway does',
      'member/b',
      withLeaf('server-leaf', (facts) => ({ ...facts, usages: ['serverAuth'] })),
      ['usages-missing: member/b: its server-leaf (CN=b) may not be used for clientAuth'],
    ],
    [
      'whose peer leaf may not serve',
      'member/b',
      withLeaf('peer-leaf', (facts) => ({ ...facts, usages: ['clientAuth'] })),
      ['usages-missing: member/b: its peer-leaf (CN=b) may not be used for serverAuth'],
    ],
    [
      'that was started before its bundle was written',
      'member/b',
      (seen) => ({ ...seen, slots: { ...seen.slots, 'peer-bundle': { bundle: [], loaded: false } } }),
      [
        'bundle-not-loaded: member/b was started before its peer-bundle was last written: what it trusts is not what lies on disk',
      ],
    ],
    [
      'of which a slot could not be read',
      'client/backup',
      ({ slots: { 'server-bundle': _bundle, ...slots }, ...seen }) => ({ ...seen, slots }),
      ['bad-certificate: client/backup: its server-bundle was not seen on node-backup'],
    ],
  ])('%s', (_what, holder, change, expected) => {
    expect(refusedWith(holder, change)).toEqual(expected);
  });

  test('whose leaf says nothing of usages is not refused: it may be used for anything', () => {
    expect(
      refusedWith(
        'member/b',
        withLeaf('peer-leaf', (facts) => ({ ...facts, usages: [] })),
      ),
    ).toEqual([]);
  });
});

describe('a cluster is refused', () => {
  const away = fail('node-away', 'the agent on node node-b does not answer', 'look', true).failure;
  const withoutBackup = cluster.observations().filter(({ node }) => node !== 'node-backup');
  const late = cluster
    .observations()
    .map(
      (seen): NodeObservation =>
        seen.node === 'node-b' ? { ...seen, at: '2026-06-01T12:00:03.500Z' } : seen,
    );

  test.each<[string, CheckInput, string[]]>([
    [
      'of which a node does not answer, and nothing else is said then',
      inputOf(cluster, { missing: [away], observations: [] }),
      ['node-away: the agent on node node-b does not answer'],
    ],
    [
      'of which an agent file does not name a client',
      inputOf(cluster, { observations: withoutBackup }),
      ['unknown-holder: the agent file of node-backup does not name client/backup of cluster main'],
    ],
    [
      'of which a client is on another node than declared',
      inputOf(aCluster('a', 'b', 'c', aClient('backup', { node: 'node-a' })), { cluster: cluster.fleet }),
      ['unknown-holder: the agent file of node-backup does not name client/backup of cluster main'],
    ],
    [
      'of one member',
      inputOf(aCluster('a')),
      ['downtime-not-accepted: main has one member: each restart is an outage of about a second'],
    ],
    [
      'of two members',
      inputOf(aCluster('a', 'b')),
      ['downtime-not-accepted: main has two members: each restart is an outage of about a second'],
    ],
    [
      'whose clocks are apart',
      inputOf(cluster, { observations: late }),
      ["clocks-apart: the clock of node-b is 3.5 s from the coordinator's; 2 s are allowed"],
    ],
  ])('%s', (_what, input, expected) => {
    expect(said(refusalsOf(input))).toEqual(expected);
  });

  test('no more where the fleet file allows more', () => {
    const patient = aCluster('a', 'b', 'c', aClient('backup'), withPolicy({ clockTolerance: '5s' }));
    expect(refusalsOf(inputOf(patient, { observations: late }))).toEqual([]);
  });
});

test('an election is worth asking again, everything else is for a person', () => {
  const electing = amend(
    cluster.observations(),
    'member/b',
    withStatus(() => ({ raftTerm: 3 })),
  );
  expect(refusalsOf(inputOf(cluster, { observations: electing }))).toMatchObject([{ retryable: true }]);
  expect(refusalsOf(inputOf(aCluster('a')))).toMatchObject([{ retryable: false }]);
});

test('every refusal says what to do', () => {
  const everything = amend(cluster.observations(), 'member/b', ({ status: _s, flags: _f, ...seen }) => seen);
  const refusals = refusalsOf(inputOf(cluster, { observations: everything }));
  expect(refusals.length).toBeGreaterThan(2);
  for (const { hint, message } of refusals) expect(hint.length, message).toBeGreaterThan(10);
});

test('checks are asked in the order of a person: first whether anybody answers', () => {
  expect(preflight[0]?.name).toBe('everyNodeAnswers');
  expect(new Set(preflight).size).toBe(preflight.length);
});

type Facts = NonNullable<
  Extract<HolderObservation['slots']['peer-leaf'], { chain: unknown }>
>['chain'][0]['facts'];

function withLeaf(slot: 'client-leaf' | 'peer-leaf' | 'server-leaf', change: (facts: Facts) => Facts) {
  return (seen: HolderObservation): HolderObservation => {
    const there = seen.slots[slot];
    if (!there || !('chain' in there)) return seen;
    const [leaf, ...rest] = there.chain;
    const chain = leaf ? [{ ...leaf, facts: change(leaf.facts) }, ...rest] : [];
    return { ...seen, slots: { ...seen.slots, [slot]: { ...there, chain } } };
  };
}
