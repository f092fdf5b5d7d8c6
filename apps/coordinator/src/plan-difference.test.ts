import type { Plan } from '@etcd-rotate/protocol';
import { describe, expect, test } from 'vitest';
import { planDifference } from './plan-difference.ts';

const names = { dns: [], ip: [] };

describe('says what is not as it was', () => {
  test.each<[string, (plan: Plan) => Partial<Plan>, string]>([
    ['the leader', (plan) => from(plan, { leader: '2' }), 'the leader was 1 and is 2'],
    [
      'a version',
      (plan) => from(plan, { members: [aMember({ version: '3.5.9' })] }),
      'the members or their versions are others',
    ],
    [
      'a peer URL, and of whom',
      (plan) => from(plan, { members: [aMember({ peerUrls: ['https://10.0.0.9:2380'] })] }),
      'the peer URLs of member/m1 were https://10.0.0.1:2380 and are https://10.0.0.9:2380',
    ],
    [
      'a certificate, and where',
      (plan) => from(plan, { slots: { 'member/m1 peer-leaf': ['b'.repeat(64)] } }),
      'certificates differ: member/m1 peer-leaf',
    ],
    [
      'flags or endpoints',
      (plan) => from(plan, { circumstances: 'b' }),
      'flags, endpoints, source addresses or how holders take their files are others',
    ],
    [
      'what leaves shall say, and of whom',
      () => ({
        leafChanges: { 'member/m1 server-leaf': { addNames: { dns: ['x'], ip: [] }, dropNames: names } },
      }),
      'the fleet file wants other names or another common name: member/m1 server-leaf',
    ],
    [
      'the profile',
      () => ({ profile: { ca: { validity: 1 }, leaf: { validity: 2 } } }),
      'the policy or the profile of the fleet file was changed',
    ],
    ['nothing but the steps', () => ({ steps: [] }), 'the steps differ'],
  ])('%s', (_, change, said) => {
    const agreed = aPlan();
    expect(planDifference(agreed, { ...agreed, ...change(agreed) })).toBe(said);
  });
});

test('says that it does not know a plan that was forgotten', () => {
  expect(planDifference(undefined, aPlan())).toBe('the plan that was agreed to is not known any more');
});

function from(plan: Plan, change: Partial<Plan['plannedFrom']>): Partial<Plan> {
  return { plannedFrom: { ...plan.plannedFrom, ...change } };
}

function aMember(change: Partial<Plan['plannedFrom']['members'][number]> = {}) {
  return {
    holder: 'member/m1',
    id: '1',
    version: '3.5.30',
    peerUrls: ['https://10.0.0.1:2380'],
    ...change,
  } satisfies Plan['plannedFrom']['members'][number];
}

function aPlan(): Plan {
  return {
    version: 1,
    direction: 'forward',
    keepsNewCa: false,
    fleet: 'lab',
    cluster: 'demo',
    strategy: 'staged',
    restarts: 'every-stage',
    acceptDowntime: false,
    domains: {},
    steps: [],
    policy: {
      snapshot: 'off',
      restarts: 'every-stage',
      settle: 0,
      stepTimeout: 1000,
      startTimeout: 1000,
      patience: 1000,
      clockTolerance: 1000,
      confirmRetire: false,
      approvals: 1,
      grace: 0,
      horizon: 1000,
    },
    profile: { ca: { validity: 1 }, leaf: { validity: 1 } },
    leafChanges: {},
    plannedFrom: {
      clusterId: '9',
      leader: '1',
      members: [aMember()],
      slots: { 'member/m1 peer-leaf': ['a'.repeat(64)] },
      circumstances: 'a',
    },
    warnings: [],
    revision: 1,
    estimate: {
      etcdRestarts: 0,
      clientRestarts: 0,
      clientReloads: 0,
      leaderMoves: 0,
      seconds: 0,
      basis: 'typical',
    },
    digest: '0'.repeat(64),
  };
}
