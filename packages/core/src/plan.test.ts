import type { Plan, RotationRequest, Step } from '@etcd-rotate/protocol';
import {
  aClient,
  aCluster,
  aMember,
  amend,
  aRequest,
  aRequestFor,
  type Cluster,
  FakeSigner,
  hash,
  ledBy,
  Play,
  planFor,
  planTranscript,
  unwrap,
  verify,
  withCas,
  withPolicy,
  withProfile,
} from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { type PlanInput, planTowards } from './plan.ts';

const planOf = (cluster: Cluster, request?: RotationRequest, signer?: FakeSigner): Plan =>
  unwrap(planFor(cluster, request, signer));
const changesIn = ({ steps }: Plan, stage?: Step['stage']): Step[] =>
  steps.filter(
    ({ action, ...step }) => action.type === 'change' && (stage === undefined || step.stage === stage),
  );
const idsIn = (plan: Plan, stage?: Step['stage']): string[] => changesIn(plan, stage).map(({ id }) => id);

const three = planOf(aCluster('a', 'b', 'c', aClient('backup'), ledBy('b')));

describe('the order of a plan', () => {
  test('is one that a person can follow', async () => {
    const twoDomains = aCluster(
      'a',
      'b',
      'c',
      aClient('backup', { takes: 'reload' }),
      withCas('ca1', 'pca1'),
    );
    await expect(planTranscript(planOf(twoDomains))).toMatchFileSnapshot(
      '../transcripts/plan-of-two-domains.txt',
    );
    await expect(planTranscript(three)).toMatchFileSnapshot('../transcripts/plan-of-one-ca.txt');
  });

  test('is followers first and the leader last, in every stage by who leads then', () => {
    const members = (stage: Step['stage']) =>
      changesIn(three, stage).flatMap(({ holder }) => (holder.startsWith('member/') ? [holder] : []));
    expect(members('trust')).toEqual(['member/a', 'member/c', 'member/b']);
    expect(members('issue')).toEqual(['member/b', 'member/c', 'member/a']);
    expect(members('retire')).toEqual(['member/a', 'member/c', 'member/b']);
  });

  test('has one successor in a stage: the member that was done first', () => {
    const moves = changesIn(three).flatMap(({ id, action }) =>
      action.type === 'change' && action.handOverTo ? [`${id} to ${action.handOverTo}`] : [],
    );
    expect(moves).toEqual(['trust-b to member/a', 'issue-a to member/b', 'retire-b to member/a']);
    expect(three.estimate.leaderMoves).toBe(3);
  });

  test('changes declared clients one at a time, while no member is down', () => {
    const plan = planOf(aCluster('a', 'b', aClient('x'), aClient('y')));
    for (const client of ['client/x', 'client/y']) {
      const groups = changesIn(plan).flatMap(({ holder, group }) => (holder === client ? [group] : []));
      expect(groups).toHaveLength(3);
      expect(plan.steps.filter(({ group }) => groups.includes(group)).map(({ holder }) => holder)).toEqual(
        groups.map(() => client),
      );
    }
  });

  test("changes an agent's own client beside no member of its own node", () => {
    for (const { group, node, holder } of changesIn(three).filter((step) =>
      step.holder.startsWith('client/agent-'),
    )) {
      const beside = changesIn(three).filter(
        (step) => step.group === group && step.holder.startsWith('member/'),
      );
      expect(
        beside.map((member) => member.node),
        holder,
      ).not.toContain(node);
    }
  });

  test('changes each of the clients in every stage, and the declared ones before the members where something is taken away', () => {
    for (const stage of ['trust', 'issue', 'retire'] as const) {
      expect(idsIn(three, stage).sort()).toEqual(
        ['a', 'b', 'c', 'backup', 'agent-node-a', 'agent-node-b', 'agent-node-c']
          .map((name) => `${stage}-${name}`)
          .sort(),
      );
    }
    expect(idsIn(three, 'trust').at(-1)).toBe('trust-backup');
    expect(idsIn(three, 'retire')[0]).toBe('retire-backup');
  });

  test('lets every node look after each member, before anything else is changed', () => {
    for (const stage of ['trust', 'issue', 'retire'] as const) {
      for (const member of ['a', 'b', 'c']) {
        const change = three.steps.find(({ id }) => id === `${stage}-${member}`);
        const next = three.steps.filter(({ group }) => group === Number(change?.group) + 1);
        expect(next.map(({ id }) => id)).toEqual(
          ['a', 'b', 'c'].map((by) => `${stage}-${member}-seen-by-${by}`),
        );
      }
    }
  });

  test('ends with a look in which the old leaves are refused', () => {
    const final = three.steps.filter(({ action }) => action.type === 'prove' && action.final);
    expect(final).toEqual(three.steps.slice(-3));
  });

  test('begins with copies on every node and a snapshot through a follower', () => {
    const first = three.steps.filter(({ group }) => group === 0).map(({ id, node }) => `${id} on ${node}`);
    expect(first).toEqual([
      'prepare-node-a on node-a',
      'prepare-node-b on node-b',
      'prepare-node-c on node-c',
      'prepare-node-backup on node-backup',
      'snapshot on node-a',
    ]);
    const without = planOf(aCluster('a', withPolicy({ snapshot: 'off' })));
    expect(without.steps.map(({ id }) => id)).not.toContain('snapshot');
  });

  test('gives every step an id of its own', () => {
    expect(new Set(three.steps.map(({ id }) => id)).size).toBe(three.steps.length);
  });
});

test.each([1, 2, 3, 5, 7])('restarts %i members exactly three times each', (size) => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f', 'g'].slice(0, size);
  const plan = planOf(aCluster(...names, aClient('backup', { takes: 'reload' }), withCas('ca1', 'pca1')));
  expect(plan.estimate).toMatchObject({ etcdRestarts: 3 * size, clientRestarts: 0, clientReloads: 3 });
});

describe('the CAs of a plan', () => {
  test('are one new one where both domains have the same', () => {
    expect(three.domains).toMatchObject({
      client: {
        old: [{ facts: { subject: 'CN=ca1' } }],
        target: { role: 'new', name: 'new-ca' },
        others: [],
      },
      peer: { target: { role: 'new', name: 'new-ca' } },
    });
  });

  test('are two new ones where each domain has its own', () => {
    expect(planOf(aCluster('a', withCas('ca1', 'pca1'))).domains).toMatchObject({
      client: { target: { name: 'new-client-ca' } },
      peer: { target: { name: 'new-peer-ca' }, old: [{ facts: { subject: 'CN=pca1' } }] },
    });
  });

  test('of a domain that was not asked for stay as they are', () => {
    const plan = planOf(aCluster('a', 'b', withCas('ca1', 'pca1')), aRequest({ domains: ['peer'] }));
    expect(Object.keys(plan.domains)).toEqual(['peer']);
    const slots = changesIn(plan).flatMap(({ action }) =>
      action.type === 'change' ? Object.keys(action.slots) : [],
    );
    expect([...new Set(slots)].sort()).toEqual(['peer-bundle', 'peer-leaf']);
  });

  test('are one that is held, where it is named', () => {
    const plan = planOf(aCluster('a'), aRequestFor('ca2'), new FakeSigner('ca2'));
    expect(plan.domains.client?.target).toMatchObject({ role: 'held', name: 'ca2' });
  });

  test('that nobody holds are refused, with the names of those that are', () => {
    expect(planFor(aCluster('a'), aRequestFor('ca3'), new FakeSigner('ca1', 'ca2'))).toMatchObject({
      ok: false,
      failure: { code: 'unknown-ca', message: expect.stringContaining('(it holds: ca1, ca2)') },
    });
  });

  test('that nobody has for a leaf in use are told with its holder', () => {
    const cluster = aCluster('a', 'b');
    cluster
      .holder('client/agent-node-a')
      .files.set(
        'client-leaf',
        aCluster('x', withCas('elsewhere')).holder('client/agent-node-x').inUse('client-leaf'),
      );
    expect(planFor(cluster)).toMatchObject({
      failure: {
        code: 'no-old-ca',
        message: expect.stringMatching(/^client\/agent-node-a: nobody who verifies its client-leaf/),
      },
    });
  });

  test('that issued nothing in use are left in the bundles', () => {
    const cluster = aCluster('a', 'b');
    const bundle = [
      ...cluster.holder('member/a').inUse('peer-bundle'),
      ...aCluster('x', withCas('partner')).holder('member/x').inUse('peer-bundle'),
    ];
    for (const name of ['a', 'b'] as const) cluster.holder(`member/${name}`).files.set('peer-bundle', bundle);
    const plan = planOf(cluster);
    expect(plan.domains.peer?.others.map(({ facts }) => facts.subject)).toEqual(['CN=partner']);
    const [retired] = changesIn(plan, 'retire').filter(({ id }) => id === 'retire-b');
    expect(retired?.action).toMatchObject({
      slots: {
        'peer-bundle': {
          bundle: [{ certificate: { facts: { subject: 'CN=partner' } } }, { name: 'new-ca' }],
        },
        'client-bundle': { bundle: [{ name: 'new-ca' }] },
      },
    });
  });
});

describe('a plan for a cluster that is half done', () => {
  /** A rotation to a CA that was left behind after that step. */
  function leftAfter(step: string): { cluster: Cluster; signer: FakeSigner } {
    const cluster = aCluster('a', 'b', 'c', aClient('backup'));
    const signer = new FakeSigner('ca1', 'ca2');
    new Play(cluster, { request: aRequestFor('ca2'), signer }).run(({ entries }) => {
      const body = entries.at(-1)?.body;
      return body?.type === 'result' && body.step === step && body.result.id.endsWith('.change');
    });
    return { cluster, signer };
  }

  test('towards the same CA has only what is not yet true', () => {
    const { cluster, signer } = leftAfter('issue-c');
    const plan = planOf(cluster, aRequestFor('ca2'), signer);
    expect(idsIn(plan, 'trust')).toEqual([]);
    const undone = idsIn(plan, 'issue');
    expect(undone).toEqual(expect.arrayContaining(['issue-b', 'issue-backup']));
    expect(undone).not.toEqual(expect.arrayContaining(['issue-a']));
    expect(undone).not.toEqual(expect.arrayContaining(['issue-c']));
    expect(idsIn(plan, 'retire')).toHaveLength(7);
    expect(plan.estimate.etcdRestarts).toBe(4);
  });

  test('towards the CA of before takes back what was done', () => {
    const { cluster, signer } = leftAfter('issue-c');
    const plan = planOf(cluster, aRequestFor('ca1'), signer);
    expect(idsIn(plan, 'trust')).toEqual([]);
    expect(idsIn(plan, 'issue')).toEqual(expect.arrayContaining(['issue-a', 'issue-c']));
    expect(idsIn(plan, 'issue')).not.toContain('issue-b');
    expect(plan.domains.client?.old.map(({ facts }) => facts.subject)).toEqual(['CN=ca2']);
  });

  test('towards yet another CA takes both away', () => {
    const { cluster } = leftAfter('issue-c');
    expect(
      planOf(cluster)
        .domains.peer?.old.map(({ facts }) => facts.subject)
        .sort(),
    ).toEqual(['CN=ca1', 'CN=ca2']);
  });

  test('hands the lead to somebody even where only the leader is left to do', () => {
    const { cluster, signer } = leftAfter('trust-c');
    const plan = planOf(cluster, aRequestFor('ca2'), signer);
    expect(idsIn(plan, 'trust')[0]).toBe('trust-a');
    expect(changesIn(plan, 'trust')[0]?.action).toMatchObject({ handOverTo: 'member/b' });
  });
});

test('a plan towards what is there is refused', () => {
  expect(planFor(aCluster('a', 'b'), aRequestFor('ca1'), new FakeSigner('ca1'))).toMatchObject({
    ok: false,
    failure: { code: 'nothing-to-do', message: 'main is where the rotation would end' },
  });
});

test('a plan for a cluster without a leader is refused', () => {
  const cluster = aCluster('a', 'b', 'c');
  const observations = cluster
    .observations()
    .map((node) => node)
    .reduce(
      (all, { holders: [member] }) =>
        amend(all, member?.holder ?? 'member/a', ({ status, ...seen }) =>
          status ? { ...seen, status: { ...status, leader: '0' } } : seen,
        ),
      cluster.observations(),
    );
  expect(planTowards({ ...inputOf(cluster), observations })).toMatchObject({
    failure: { code: 'member-unhealthy' },
  });
});

describe('the digest of a plan', () => {
  const cluster = aCluster('a', 'b', 'c', aClient('backup'));
  const digestOf = (change: Partial<PlanInput> = {}): string =>
    unwrap(planTowards({ ...inputOf(cluster), ...change })).digest;
  const before = digestOf();
  const observations = cluster.observations();

  test('is the same for the same input', () => {
    expect(digestOf()).toBe(before);
  });

  test('does not depend on what moves on by itself: time, terms, indexes and processes', () => {
    const later = aCluster('a', 'b', 'c', aClient('backup'));
    later.clock.pass(60_000);
    later.term = 9;
    later.index = 5000;
    later.start('client/backup');
    expect(digestOf({ observations: later.observations() })).toBe(before);
  });

  test.each<[string, () => Partial<PlanInput>]>([
    ['a leaf', () => ({ observations: observationsWith('client/backup', 'client-leaf', 'ca1-again') })],
    ['a bundle', () => ({ observations: observationsWith('member/b', 'peer-bundle', 'ca1-again') })],
    [
      'the leader',
      () => ({ observations: aCluster('a', 'b', 'c', aClient('backup'), ledBy('b')).observations() }),
    ],
    [
      'a version',
      () => ({
        observations: aCluster(
          'a',
          'b',
          aMember('c', { version: '3.4.23' }),
          aClient('backup'),
        ).observations(),
      }),
    ],
    [
      'the cluster id',
      () => {
        const other = aCluster('a', 'b', 'c', aClient('backup'));
        other.clusterId = 'c2';
        return { observations: other.observations() };
      },
    ],
    [
      'how a client takes its files',
      () => ({
        observations: amend(observations, 'client/backup', (seen) => ({ ...seen, takes: 'reload' })),
      }),
    ],
    [
      'the policy',
      () => ({ cluster: aCluster('a', 'b', 'c', aClient('backup'), withPolicy({ settle: '35s' })).fleet }),
    ],
    [
      'the profile',
      () => ({
        cluster: aCluster('a', 'b', 'c', aClient('backup'), withProfile({ leaf: { validity: '90d' } })).fleet,
      }),
    ],
    [
      'a flag of a member',
      () => ({
        observations: amend(observations, 'member/b', (seen) => ({
          ...seen,
          flags: { ...seen.flags, 'enable-grpc-gateway': 'false' },
        })),
      }),
    ],
    ['the request', () => ({ request: aRequest({ acceptDowntime: true }) })],
    ['the fleet', () => ({ fleet: 'other' })],
    ['a client', () => ({ cluster: aCluster('a', 'b', 'c').fleet })],
  ])('differs when %s differs', (_what, change) => {
    expect(digestOf(change())).not.toBe(before);
  });

  function observationsWith(
    holder: 'client/backup' | 'member/b',
    slot: 'client-leaf' | 'peer-bundle',
    ca: string,
  ) {
    const other = aCluster('a', 'b', 'c', aClient('backup'), withCas(ca));
    const contents = other.holder(holder).inUse(slot);
    const both = slot === 'client-leaf' ? contents : [...cluster.holder(holder).inUse(slot), ...contents];
    return amend(observations, holder, (seen) => ({
      ...seen,
      slots: {
        ...seen.slots,
        // A leaf of a CA that everybody trusts besides.
        [slot]: {
          ...seen.slots[slot],
          ...(slot === 'client-leaf' ? { chain: sameCaLeaf() } : { bundle: both, loaded: true }),
        },
      },
    }));
  }

  /** Issued once more by the same CA. */
  function sameCaLeaf() {
    const again = new Play(aCluster('a', 'b', 'c', aClient('backup'), withCas('ca0')), {
      request: aRequestFor('ca1'),
      signer: new FakeSigner('ca1'),
    }).run();
    return [...again.cluster.holder('client/backup').inUse('client-leaf')];
  }
});

test('names that the fleet file adds are in the plan, by holder and slot', () => {
  const cluster = aCluster('a', 'b');
  const fleet = {
    ...cluster.fleet,
    members: cluster.fleet.members.map((member) => ({
      ...member,
      ...(member.name === 'b' ? { addNames: { client: { dns: ['b.new'], ip: [] } } } : {}),
    })),
  };
  expect(unwrap(planTowards({ ...inputOf(cluster), cluster: fleet })).leafChanges).toEqual({
    'member/b server-leaf': {
      addNames: { dns: ['b.new'], ip: [] },
      dropNames: { dns: [], ip: [] },
    },
  });
});

function inputOf(cluster: Cluster): PlanInput {
  return {
    fleet: 'lab',
    cluster: cluster.fleet,
    request: aRequest(),
    observations: cluster.observations(),
    held: new Map(),
    warnings: [],
    times: undefined,
    now: cluster.clock.now().toISOString(),
    verify,
    hash,
  };
}
