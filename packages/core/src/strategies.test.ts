import type { HolderId, Plan, Step } from '@etcd-rotate/protocol';
import {
  aCa,
  aClient,
  aCluster,
  aMember,
  amend,
  aRequest,
  aRequestFor,
  type Cluster,
  FakeSigner,
  hash,
  judge,
  ledBy,
  Play,
  planFor,
  planTranscript,
  standIns,
  unwrap,
  verify,
  withCas,
  withPolicy,
  withProfile,
} from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { bodyOf } from './commands.ts';
import { planTowards } from './plan.ts';
import { provePlan } from './prove-plan.ts';
import type { Rotation } from './rotation.ts';
import { worldFrom } from './world.ts';

const transcript = (plan: Plan, name: string) =>
  expect(planTranscript(plan)).toMatchFileSnapshot(`../transcripts/${name}.txt`);

const changesIn = ({ steps }: Plan): Step[] => steps.filter(({ action }) => action.type === 'change');

const restartsOf = (plan: Plan): string[] =>
  changesIn(plan).flatMap(({ id, holder, action }) =>
    holder.startsWith('member/') && action.type === 'change' && action.taken === 'restart' ? [id] : [],
  );

const strangersIn = (cluster: Cluster, plan: Plan): string[] =>
  provePlan(plan, worldFrom(cluster.observations()), standIns, judge).flatMap(({ strangers }) => strangers);

describe('staged with restarts when needed', () => {
  const request = aRequest({ restarts: 'when-needed' });
  const cluster = aCluster('a', 'b', 'c', aClient('backup'), withCas('ca1', 'pca1'), ledBy('b'));
  const plan = unwrap(planFor(cluster, request));

  test('restarts members for bundles alone, and moves the lead only for a restart', async () => {
    expect(restartsOf(plan)).toHaveLength(6);
    expect(plan.estimate).toMatchObject({ etcdRestarts: 6, leaderMoves: 2 });
    expect(restartsOf(plan).some((id) => id.startsWith('issue'))).toBe(false);
    await transcript(plan, 'plan-when-needed');
  });

  test('has every node look after each leaf that was swapped', () => {
    for (const { id } of changesIn(plan).filter(
      ({ holder, stage }) => stage === 'issue' && isMember(holder),
    )) {
      const looks = plan.steps.filter(({ action }) => action.type === 'prove' && action.after === id);
      expect(looks).toHaveLength(3);
    }
  });

  test('ends where every-stage ends, with each member restarted twice', () => {
    const live = aCluster('a', 'b', 'c', aClient('backup'), withCas('ca1', 'pca1'));
    const play = new Play(live, { request }).run();
    expect(play.rotation.state).toMatchObject({ outcome: 'rotated' });
    expect(live.restarts.filter(({ holder }) => isMember(holder))).toHaveLength(6);
    expect(live.presents('client')).toEqual(live.trusts('client'));
    expect(live.strangers()).toEqual([]);
  });
});

describe('a renewal', () => {
  const held = new FakeSigner('ca1', 'pca1');
  const aCase = () => aCluster('a', 'b', 'c', aClient('backup', { takes: 'reload' }), withCas('ca1', 'pca1'));

  test('replaces every leaf by the CA that issued it, and restarts no member', async () => {
    const cluster = aCase();
    const plan = unwrap(planFor(cluster, aRequest({ strategy: 'renew' }), held));
    expect(restartsOf(plan)).toEqual([]);
    expect(plan.estimate).toMatchObject({ etcdRestarts: 0, leaderMoves: 0, clientReloads: 1 });
    expect(plan.estimate).not.toHaveProperty('pointOfNoReturn');
    expect(strangersIn(cluster, plan)).toEqual([]);
    await transcript(plan, 'plan-renew');
  });

  test('ends with other leaves of the same CA, and nobody was restarted', () => {
    const cluster = aCase();
    const before = cluster.observations();
    new Play(cluster, { signer: held, request: aRequest({ strategy: 'renew' }) }).run();
    expect(cluster.restarts).toEqual([]);
    expect(cluster.presents('peer')).toEqual(['pca1']);
    expect(leavesIn(cluster.observations()).filter((leaf) => leavesIn(before).includes(leaf))).toEqual([]);
  });

  test('is refused where the key of the CA is not held', () => {
    expect(planFor(aCase(), aRequest({ strategy: 'renew' }), new FakeSigner('ca1'))).toMatchObject({
      failure: { code: 'ca-not-held', message: expect.stringContaining('pca1') },
    });
  });

  test('is refused where the leaves of a domain are of two CAs, which a rotation has to bring to one first', () => {
    const cluster = aCase();
    cluster
      .holder('client/backup')
      .files.set('client-leaf', cluster.holder('member/a').files.get('peer-leaf') ?? []);
    for (const { id } of cluster.members) {
      cluster.holder(id).files.set('client-bundle', [aCa('ca1').known, aCa('pca1').known]);
      cluster.holder(id).load();
    }
    expect(planFor(cluster, aRequest({ strategy: 'renew' }), held)).toMatchObject({
      failure: { code: 'no-old-ca' },
    });
  });

  test('of what is due leaves out leaves that a new one would hardly outlive', () => {
    const due = aRequest({ strategy: 'renew', leaves: 'due' });
    expect(planFor(aCase(), due, held)).toMatchObject({ failure: { code: 'nothing-to-do' } });
    const longer = aCluster(
      'a',
      'b',
      'c',
      withCas('ca1', 'pca1'),
      withProfile({ leaf: { validity: '730d' } }),
    );
    expect(changesIn(unwrap(planFor(longer, due, held)))).toHaveLength(6);
  });

  test('of what is due replaces leaves that are not as the fleet file wants them', () => {
    const cluster = aCase();
    const members = cluster.fleet.members.map((member) =>
      member.name === 'b' ? { ...member, addNames: { peer: { dns: ['b.new'], ip: [] } } } : member,
    );
    const plan = unwrap(
      planTowards({
        ...inputOf(cluster, held),
        cluster: { ...cluster.fleet, members },
        request: aRequest({ strategy: 'renew', leaves: 'due' }),
      }),
    );
    expect(
      changesIn(plan).map(({ id, action }) => [id, 'slots' in action && Object.keys(action.slots)]),
    ).toEqual([['issue-b', ['peer-leaf']]]);
  });
});

describe('a half-done start', () => {
  const signer = new FakeSigner('ca1', 'ca2');
  const both = [aCa('ca1').known, aCa('ca2').known];

  /** Somebody wrote the new CA behind the old one into every bundle, and restarted some. */
  function trusting({ restarted }: { restarted: string[] }): Cluster {
    const cluster = aCluster('a', 'b', 'c', aClient('backup'));
    for (const holder of cluster.holders.values()) {
      for (const slot of holder.files.keys()) if (slot.endsWith('-bundle')) holder.files.set(slot, both);
      if (!holder.isMember || restarted.includes(holder.id)) holder.load();
    }
    return cluster;
  }

  test('of bundles that are written and not loaded restarts those who have not read them', async () => {
    const cluster = trusting({ restarted: ['member/b'] });
    const plan = unwrap(planFor(cluster, aRequestFor('ca2'), signer));
    expect(restartsOf(plan).filter((id) => id.startsWith('trust'))).toEqual(['trust-c', 'trust-a']);
    expect(strangersIn(cluster, plan)).toEqual([]);
    await transcript(plan, 'plan-not-loaded');
  });

  test('of bundles that are loaded everywhere begins with the leaves', () => {
    const cluster = trusting({ restarted: ['member/a', 'member/b', 'member/c'] });
    const plan = unwrap(planFor(cluster, aRequestFor('ca2'), signer));
    expect(changesIn(plan)[0]?.stage).toBe('issue');
  });

  test('is rotated to its end from there', () => {
    const cluster = trusting({ restarted: ['member/b'] });
    const play = new Play(cluster, { signer, request: aRequestFor('ca2') }).run();
    expect(play.rotation.state).toMatchObject({ outcome: 'rotated' });
    expect(cluster.trusts('client')).toEqual(['ca2']);
    expect(cluster.strangers()).toEqual([]);
  });

  test('of a client that has not read its files gives it a step at trust and at issue, before anything is taken away', () => {
    const cluster = aCluster('a', 'b', 'c', aClient('backup', { takes: 'reload' }), withCas('ca2'));
    for (const holder of cluster.holders.values()) {
      if (!holder.isMember) continue;
      for (const slot of holder.files.keys()) if (slot.endsWith('-bundle')) holder.files.set(slot, both);
      holder.load();
    }
    const observations = amend(cluster.observations(), 'client/backup', (client) => ({
      ...client,
      slots: Object.fromEntries(
        Object.entries(client.slots).map(([slot, there]) => [slot, there && { ...there, loaded: false }]),
      ),
    }));
    const request = { ...aRequestFor('ca2'), retire: [aCa('ca1').known.facts.fingerprint.slice(0, 8)] };
    const plan = unwrap(planTowards({ ...inputOf(cluster, signer), observations, request }));
    const ids = changesIn(plan).map(({ id }) => id);
    expect(ids.filter((id) => id.endsWith('-backup'))).toEqual(['trust-backup', 'issue-backup']);
    expect(ids.indexOf('issue-backup')).toBeLessThan(ids.findIndex((id) => id.startsWith('retire')));
  });

  test('of leaves that are all of the target leaves other CAs alone, and takes out the one that is named', () => {
    const cluster = aCluster('a', 'b', 'c', withCas('ca2'));
    for (const holder of cluster.holders.values()) {
      for (const slot of holder.files.keys()) if (slot.endsWith('-bundle')) holder.files.set(slot, both);
      holder.load();
    }
    const { fingerprint } = aCa('ca1').known.facts;
    expect(planFor(cluster, aRequestFor('ca2'), signer)).toMatchObject({
      failure: { code: 'nothing-to-do', hint: expect.stringContaining(fingerprint.slice(0, 8)) },
    });
    const retire = { ...aRequestFor('ca2'), retire: [fingerprint.slice(0, 8)] };
    expect(new Set(changesIn(unwrap(planFor(cluster, retire, signer))).map(({ stage }) => stage))).toEqual(
      new Set(['retire']),
    );
    new Play(cluster, { signer, request: retire }).run();
    expect(cluster.trusts('peer')).toEqual(['ca2']);
  });

  test('of a CA that is named and not there is refused', () => {
    expect(planFor(aCluster('a'), aRequest({ retire: ['00000000'] }))).toMatchObject({
      failure: { code: 'unknown-ca', message: expect.stringContaining('00000000') },
    });
  });
});

describe('one file for the bundles of both ports', () => {
  const oneFile = (...cas: [string, string?]) =>
    aCluster(
      ...['a', 'b', 'c'].map((name) => aMember(name, { oneBundle: true })),
      aClient('backup'),
      withCas(...cas),
    );

  test('gets in each step what both domains want', async () => {
    const cluster = oneFile('ca1', 'pca1');
    const plan = unwrap(planFor(cluster));
    for (const { holder, action } of changesIn(plan)) {
      if (action.type !== 'change' || !isMember(holder) || !action.slots['client-bundle']) continue;
      expect(action.slots['client-bundle']).toEqual(action.slots['peer-bundle']);
    }
    expect(strangersIn(cluster, plan)).toEqual([]);
    await transcript(plan, 'plan-one-bundle-file');
  });

  test.each<[string, [string, string?]]>([
    ['of one CA', ['ca1']],
    ['of two CAs', ['ca1', 'pca1']],
  ])('%s is rotated to its end', (_name, cas) => {
    const cluster = oneFile(...cas);
    const play = new Play(cluster).run();
    expect(play.rotation.state).toMatchObject({ outcome: 'rotated' });
    expect(cluster.strangers()).toEqual([]);
    const [member] = cluster.members;
    const trusted = member?.inUse('peer-bundle').map(({ facts }) => facts.subject) ?? [];
    expect(trusted.filter((name) => name === 'CN=ca1' || name === 'CN=pca1')).toEqual([]);
  });
});

describe('an estimate', () => {
  const cluster = aCluster('a', 'b', 'c');

  test('takes the figures of earlier steps where there are any', () => {
    const input = inputOf(cluster, new FakeSigner());
    const typical = unwrap(planTowards(input)).estimate;
    const slow = { before: 10_000, restart: 10_000, serve: 10_000, gate: 10_000 };
    const measured = unwrap(planTowards({ ...input, times: slow })).estimate;
    expect(typical.basis).toBe('typical');
    expect(measured).toMatchObject({ basis: 'measured' });
    expect(measured.seconds).toBeGreaterThanOrEqual(360);
    expect(typical.seconds).toBeLessThan(60);
  });

  test('counts what is waited for after each member, and elections of a member that is alone', () => {
    const settled = unwrap(planFor(aCluster('a', 'b', 'c', withPolicy({ settle: '35s' })))).estimate;
    expect(settled.seconds).toBeGreaterThan(9 * 35);
    const alone = inputOf(aCluster('a'), new FakeSigner());
    const slow = alone.observations.map((node) => ({
      ...node,
      holders: node.holders.map((seen) => ({
        ...seen,
        flags: { ...seen.flags, 'election-timeout': '20000' },
      })),
    }));
    const { seconds } = unwrap(planTowards(alone)).estimate;
    expect(unwrap(planTowards({ ...alone, observations: slow })).estimate.seconds).toBeGreaterThan(
      seconds + 80,
    );
  });

  test('is not part of what is agreed to', () => {
    const input = inputOf(cluster, new FakeSigner());
    const times = { before: 1, restart: 1, serve: 1, gate: 1 };
    expect(unwrap(planTowards({ ...input, times })).digest).toBe(unwrap(planTowards(input)).digest);
  });

  test('names the step from which old leaves are refused, and the last one as the point of no return, unless the old CA can sign again', () => {
    const lost = unwrap(planFor(cluster, aRequestFor('ca2'), new FakeSigner('ca2')));
    expect(lost.estimate.refusesFrom).toBe(changesIn(lost).find(({ stage }) => stage === 'retire')?.id);
    expect(lost.estimate.pointOfNoReturn).toBe(changesIn(lost).at(-1)?.id);
    const kept = unwrap(planFor(cluster, aRequestFor('ca2'), new FakeSigner('ca1', 'ca2')));
    expect(kept.estimate).not.toHaveProperty('pointOfNoReturn');
  });
});

describe('the way back', () => {
  test('of a step is without a restart where leaves alone are swapped', () => {
    const cluster = aCluster('a', 'b', 'c');
    const plan = unwrap(planFor(cluster, aRequest({ restarts: 'when-needed' })));
    const lines = provePlan(plan, worldFrom(cluster.observations()), standIns, judge);
    const undo = (id: string) => lines.find(({ step }) => step === id)?.undo;
    expect([undo('trust-a'), undo('issue-a'), undo('retire-a')]).toEqual([
      'with-restart',
      'without-restart',
      'with-restart',
    ]);
  });

  test.each(['every-stage', 'when-needed'] as const)(
    'of a whole rotation, %s, is the same planner',
    (restarts) => {
      const signer = new FakeSigner('ca1', 'ca2');
      const cluster = aCluster('a', 'b', 'c', aClient('backup'));
      new Play(cluster, { signer, request: { ...aRequestFor('ca2'), restarts } }).run();
      new Play(cluster, { id: 'r2', signer, request: { ...aRequestFor('ca1'), restarts } }).run();
      for (const domain of ['client', 'peer'] as const) {
        expect([cluster.presents(domain), cluster.trusts(domain)]).toEqual([['ca1'], ['ca1']]);
      }
      expect(cluster.strangers()).toEqual([]);
    },
  );
});

test('a CA that comes again with the same key is not expected to refuse what the old one signed', () => {
  const cluster = aCluster('a', 'b', 'c');
  const ca1 = aCa('ca1').known;
  const again = { ...ca1, facts: { ...ca1.facts, fingerprint: hash('again') } };
  const plan = unwrap(
    planTowards({
      ...inputOf(cluster, new FakeSigner()),
      held: new Map([['ca1-again', again]]),
      request: { ...aRequestFor('ca1-again'), reissue: true },
    }),
  );
  const observations = cluster.observations();
  const rotation = {
    plan,
    observations,
    world: worldFrom(observations),
    progress: {},
    cas: {},
  } as unknown as Rotation;
  const last = plan.steps.at(-1);
  const body = last && bodyOf(rotation, last, 'prove');
  expect(body?.type === 'prove' && body.ports.oldLeaves).toEqual({ client: 'accepted', peer: 'accepted' });
  const other = unwrap(planFor(cluster, aRequestFor('ca2'), new FakeSigner('ca2')));
  const final = other.steps.at(-1);
  const asked = final && bodyOf({ ...rotation, plan: other }, final, 'prove');
  expect(asked?.type === 'prove' && asked.ports.oldLeaves).toEqual({ client: 'refused', peer: 'refused' });
});

function inputOf(cluster: Cluster, signer: FakeSigner) {
  return {
    fleet: 'lab',
    cluster: cluster.fleet,
    request: aRequest({ acceptDowntime: true }),
    observations: cluster.observations(),
    held: signer.held(),
    warnings: [],
    times: undefined,
    now: cluster.clock.now().toISOString(),
    verify,
    hash,
  };
}

function isMember(holder: HolderId): boolean {
  return holder.startsWith('member/');
}

function leavesIn(observations: ReturnType<Cluster['observations']>): string[] {
  return observations.flatMap(({ holders }) =>
    holders.flatMap(({ slots }) =>
      Object.values(slots).flatMap((seen) =>
        seen && 'chain' in seen ? (seen.chain[0]?.facts.fingerprint ?? []) : [],
      ),
    ),
  );
}
