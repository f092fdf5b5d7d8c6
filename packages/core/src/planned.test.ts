import type { Plan } from '@etcd-rotate/protocol';
import {
  aCa,
  aClient,
  aCluster,
  amend,
  aRequest,
  aRequestFor,
  FakeSigner,
  hash,
  judge,
  Play,
  planFor,
  standIns,
  unwrap,
  verify,
  withPolicy,
} from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { isAnswered } from './groups.ts';
import { realContents } from './installed.ts';
import { nextMove } from './next-move.ts';
import { type PlanInput, planTowards } from './plan.ts';
import { provePlan } from './prove-plan.ts';
import { after, worldFrom } from './world.ts';

// Rules of plans and of their steps that no whole rotation shows.

const cluster = aCluster('a', 'b', 'c', aClient('backup'));
const signer = new FakeSigner('ca1', 'ca2');

function inputOf(change: Partial<PlanInput> = {}): PlanInput {
  return {
    ...{ fleet: 'lab', cluster: cluster.fleet, request: aRequest(), observations: cluster.observations() },
    ...{ held: signer.held(), warnings: [], times: undefined, now: cluster.clock.now().toISOString() },
    ...{ verify, hash },
    ...change,
  };
}

const changesIn = ({ steps }: Plan) => steps.filter(({ action }) => action.type === 'change');

describe('a plan', () => {
  test('replaces a leaf of the target that says something else than it should', () => {
    const members = cluster.fleet.members.map((member) =>
      member.name === 'b' ? { ...member, addNames: { peer: { dns: ['b.new'], ip: [] } } } : member,
    );
    const request = aRequestFor('ca1');
    const plan = unwrap(planTowards(inputOf({ request, cluster: { ...cluster.fleet, members } })));
    expect(changesIn(plan).map(({ id }) => id)).toEqual(['issue-b']);
  });

  test('is of the smallest revision that any member has', () => {
    const observations = amend(cluster.observations(), 'member/b', (seen) => ({
      ...seen,
      ...(seen.status && { status: { ...seen.status, revision: 7 } }),
    }));
    expect(unwrap(planTowards(inputOf({ observations }))).revision).toBe(7);
  });

  test('of a renewal lets no CA leave, whatever was named', () => {
    const other = aCa('ca9').known;
    const observations = amend(cluster.observations(), 'client/backup', (there) => {
      const bundle = there.slots['server-bundle'];
      if (!bundle || !('bundle' in bundle)) return there;
      const both = { ...bundle, bundle: [...bundle.bundle, other] };
      return { ...there, slots: { ...there.slots, 'server-bundle': both } };
    });
    const request = aRequest({ strategy: 'renew', retire: [other.facts.fingerprint] });
    const plan = unwrap(planTowards(inputOf({ request, observations })));
    expect(Object.values(plan.domains).flatMap(({ old }) => old)).toEqual([]);
  });

  test('takes no time for an agent beside a member', () => {
    const settled = (settle: string) => aCluster('a', 'b', withPolicy({ settle }));
    const seconds = unwrap(planFor(settled('0s'))).estimate.seconds;
    // 6 restarts of 1.75 s, and 1 s to prepare: the agents' clients change beside them.
    expect(seconds).toBe(12);
  });
});

describe('a proof', () => {
  const plan = unwrap(planFor(cluster));

  test('is first of the cluster as it is', () => {
    const world = after(
      worldFrom(cluster.observations()),
      'client/backup',
      new Map([['server-bundle', [aCa('ca9').known]]]),
    );
    const [now] = provePlan(plan, world, standIns, judge);
    expect(now?.step).toBe('now');
    expect(now?.strangers).toContainEqual(
      expect.stringMatching(/^client\/backup would refuse the server-leaf/),
    );
  });

  test('is of all that change together', () => {
    const leaf = changesIn(plan).find(({ id }) => id === 'issue-a');
    const agent = changesIn(plan).find(({ id }) => id === 'retire-backup');
    if (!leaf || !agent) throw new Error('the plan has no such steps');
    const steps = [
      {
        ...changesIn(plan).find(({ id }) => id === 'trust-agent-node-c'),
        group: 0,
      } as (typeof plan.steps)[0],
      { ...agent, group: 0 },
    ];
    const lines = provePlan({ steps }, worldFrom(cluster.observations()), standIns, judge);
    expect(lines.at(-1)?.strangers).toContainEqual(
      expect.stringMatching(/^client\/backup would refuse the server-leaf of member\/a/),
    );
  });
});

describe('right before it is sent a change', () => {
  /** A rotation of which the next move is to send the change of issue-b. */
  function before() {
    const play = new Play(aCluster('a', 'b', 'c', aClient('backup')));
    play.run(() => {
      const move = play.next();
      return move.type === 'send' && move.command.step === 'issue-b' && move.command.body.type === 'change';
    });
    const circumstances = {
      now: play.cluster.clock.now().toISOString(),
      epoch: 1,
      verify,
      covers: judge.covers,
    };
    return { play, circumstances };
  }

  test('is proven for as long as its step may take', () => {
    const { play, circumstances } = before();
    const { stepTimeout } = play.rotation.plan.policy;
    const spans = new Set<number>();
    nextMove(play.rotation, {
      ...circumstances,
      verify: (chain, bundle, purpose, aheadMs) => {
        spans.add(aheadMs);
        return verify(chain, bundle, purpose, aheadMs);
      },
    });
    expect([...spans]).toEqual([stepTimeout]);
  });

  test('is proven together with what is under way beside it', () => {
    const { play, circumstances } = before();
    expect(nextMove(play.rotation, circumstances)).toMatchObject({ type: 'send' });
    const move = play.next();
    if (move.type !== 'send') throw new Error('nothing is sent');
    const beside = play.rotation.plan.steps.find(({ id }) => id === 'retire-backup');
    if (!beside) throw new Error('the plan does not retire');
    const command = {
      ...move.command,
      id: 'r1.retire-backup.1.change',
      step: beside.id,
      holder: beside.holder,
    };
    const underWay = {
      ...play.rotation,
      progress: {
        ...play.rotation.progress,
        [beside.id]: { attempt: 1, tries: 1, sent: [command], results: [], signed: undefined },
      },
    };
    expect(nextMove(underWay, circumstances)).toMatchObject({
      type: 'hold',
      failure: { code: 'stranger', message: expect.stringContaining('client/backup would refuse') },
    });
  });
});

test('a bundle without one of its CAs is not that bundle', () => {
  const { rotation } = new Play(aCluster('a', 'b', 'c'));
  const target = { bundle: [{ role: 'new' as const, name: 'new-ca' }, seen('ca1')] };
  expect(realContents(rotation, 'trust-a', { 'peer-bundle': target }).size).toBe(0);
  expect(realContents(rotation, 'trust-a', { 'peer-bundle': { bundle: [seen('ca1')] } }).size).toBe(1);
});

function seen(name: string) {
  return { role: 'seen' as const, certificate: aCa(name).known };
}

test('a step that was answered with a no is not answered', () => {
  const play = new Play(aCluster('a', 'b', 'c'));
  play.run(({ entries }) => entries.at(-1)?.body.type === 'result');
  const { id = '' } = play.rotation.plan.steps[0] ?? {};
  const [step] = play.rotation.plan.steps;
  const progress = play.rotation.progress[id];
  const [result] = progress?.results ?? [];
  if (!step || !progress || !result) throw new Error('nothing was answered');
  expect(isAnswered(step, progress)).toBe(true);
  const failure = { code: 'bad-file' as const, message: 'no', hint: 'none', retryable: false };
  const no = { ...result, outcome: { ok: false as const, failure, decision: 'untouched' as const } };
  expect(isAnswered(step, { ...progress, results: [no] })).toBe(false);
});
