import { fail, type PlannedFrom } from '@etcd-rotate/protocol';
import { aClient, aCluster } from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { cluster, everyMember, inputOf, listed, said, seenWith, withStatus } from './cases.contract.ts';
import { beforeResume, resumeRefusalsOf } from './preflight.ts';

const planned: PlannedFrom = {
  clusterId: 'c1',
  leader: 'a0',
  members: ['a', 'b', 'c'].map((name, i) => ({
    holder: `member/${name}`,
    id: `a${i}`,
    version: '3.5.30',
    peerUrls: [`https://${name}.example:2380`],
  })),
  slots: {},
  circumstances: '',
};

const refused = (observations = cluster.observations(), from = planned) =>
  said(resumeRefusalsOf(inputOf(cluster, { observations }), from));

const down = ({ status: _status, ...seen }: ReturnType<typeof cluster.observations>[0]['holders'][0]) => seen;

describe('a rotation may go on', () => {
  test('in the cluster that it was planned for', () => {
    expect(refused()).toEqual([]);
  });

  test('with a member that is down: the others say that it is still the one', () => {
    expect(refused(seenWith({ 'member/b': down }))).toEqual([]);
  });

  test('with peer URLs in another order', () => {
    const two = ['https://b.example:2380', 'https://10.0.0.2:2380'];
    const members = planned.members.map((one) => (one.id === 'a1' ? { ...one, peerUrls: two } : one));
    const observations = everyMember(listed({ peerUrls: two.toReversed() }));
    expect(refused(observations, { ...planned, members })).toEqual([]);
  });
});

describe('a rotation does not go on', () => {
  test('in another cluster', () => {
    expect(refused(everyMember(withStatus(() => ({ clusterId: 'c2' }))))).toEqual(
      ['a', 'b', 'c'].map(
        (name) => `cluster-id-changed: member/${name} is of cluster c2, and the plan was made for c1`,
      ),
    );
  });

  test('with a member that is another one', () => {
    expect(refused(seenWith({ 'member/b': withStatus(() => ({ memberId: 'b7' })) }))).toEqual([
      'cluster-id-changed: member/b is member b7, and in the plan it was a1',
    ]);
  });

  test('with a member that the plan does not know', () => {
    const more = aCluster('a', 'b', 'c', 'd', aClient('backup'));
    expect(refused(more.observations())).toEqual([
      'cluster-id-changed: member/d is member a3, and in the plan there is no such member',
    ]);
    const newcomer = { id: 'ff', name: 'x', peerUrls: [], clientUrls: ['https://x:2379'], isLearner: false };
    expect(refused(everyMember(withStatus(({ members }) => ({ members: [...members, newcomer] }))))).toEqual([
      'members-differ: main: etcd lists x (ff), which the plan does not know',
    ]);
  });

  test('without a member that was removed while it was down', () => {
    const without = everyMember(
      withStatus(({ members }) => ({ members: members.filter(({ id }) => id !== 'a1') })),
    );
    const observations = without.map((node) =>
      node.node === 'node-b' ? { ...node, holders: node.holders.map(down) } : node,
    );
    expect(refused(observations)).toEqual(['members-differ: main: etcd does not list b (a1) any more']);
  });

  test('with a member whose peers reach it elsewhere', () => {
    expect(refused(everyMember(listed({ peerUrls: ['https://10.0.0.2:2380'] })))).toEqual([
      'members-differ: member/b: its peers reach it at https://10.0.0.2:2380, and in the plan at https://b.example:2380',
    ]);
  });

  test('with a learner, an alarm or a wrong clock', () => {
    expect(refused(everyMember(listed({ isLearner: true })))).toEqual([
      'learner-present: member b is a learner',
    ]);
    expect(refused(everyMember(withStatus(() => ({ alarms: ['NOSPACE of a1'] }))))).toEqual([
      'alarm-raised: etcd has an alarm: NOSPACE of a1',
    ]);
    const late = cluster.observations().map((seen) => ({ ...seen, at: '2026-06-01T12:00:09.000Z' }));
    expect(refused(late)[0]).toMatch(/^clocks-apart: /);
  });

  test('while a node does not answer, and nothing more is asked then', () => {
    const away = fail('node-away', 'node-b is away', 'start its agent', true).failure;
    const input = inputOf(cluster, { missing: [away], observations: [] });
    expect(said(resumeRefusalsOf(input, planned))).toEqual(['node-away: node-b is away']);
  });
});

test('before a rotation goes on, checks of the preflight are asked that what it left half done cannot fail', () => {
  expect(beforeResume.map(({ name }) => name)).toEqual([
    'everyNodeAnswers',
    'noLearner',
    'noAlarm',
    'clocksAreClose',
  ]);
});
