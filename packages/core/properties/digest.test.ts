import type { FleetCluster, Plan, RotationRequest } from '@etcd-rotate/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Case, cases } from './case.ts';
import { ca } from './certificates.ts';
import { seed } from './every-case.ts';
import { loaded, type State, written } from './state.ts';
import { type Trial, trialOf } from './trial.ts';
import { planFrom } from './walk.ts';

// What an operator agrees to is the plan that he was shown, and no other.

test('the digest is the same for the same world', () => {
  forEveryPlan((plan, { start, fleet, request }) => {
    const copy: State = {
      ...start,
      seen: structuredClone(start.seen),
      holders: structuredClone(start.holders),
    };
    const again = planFrom(copy, { fleet: structuredClone(fleet), request: structuredClone(request) });
    expect(again.ok && again.value.digest).toBe(plan.digest);
  });
});

interface Asked {
  start: State;
  fleet: FleetCluster;
  request: RotationRequest;
}

const differences: Record<string, (asked: Trial) => Asked | undefined> = {
  'a bundle': (asked) => {
    const [holder, holdings] = [...asked.start.holders][0] ?? [];
    const there = holdings?.get('client-bundle');
    if (!holder || !there) return undefined;
    const contents = new Map([['client-bundle', [...there.disk, ca('ca9')]] as const]);
    return { ...asked, start: loaded(written(asked.start, holder, contents), holder) };
  },
  'what a process has loaded': (asked) => {
    const [holder, holdings] = [...asked.start.holders].find(([, slots]) => isUnloaded(slots)) ?? [];
    return holder && holdings ? { ...asked, start: loaded(asked.start, holder) } : undefined;
  },
  'a name that a leaf shall have': (asked) => {
    const [first, ...others] = asked.fleet.members;
    const peer = { dns: ['another.example'], ip: [] };
    return (
      first && { ...asked, fleet: { ...asked.fleet, members: [{ ...first, addNames: { peer } }, ...others] } }
    );
  },
  'the policy': (asked) => {
    const policy = { ...asked.fleet.policy, settle: 1 + asked.fleet.policy.settle };
    return { ...asked, fleet: { ...asked.fleet, policy } };
  },
  'the profile': (asked) => {
    const { ca, leaf } = asked.fleet.profile;
    const profile = { ca, leaf: { ...leaf, validity: leaf.validity + 1 } };
    return { ...asked, fleet: { ...asked.fleet, profile } };
  },
  'who leads': (asked) => {
    const other = [...asked.start.holders.keys()].find(
      (holder) => holder.startsWith('member/') && holder !== asked.start.leader,
    );
    return other && { ...asked, start: { ...asked.start, leader: other } };
  },
  'that downtime is accepted': (asked) => ({
    ...asked,
    request: { ...asked.request, acceptDowntime: false },
  }),
};

test.each(Object.entries(differences))('the digest is another one where %s differs', (_what, differ) => {
  let compared = 0;
  forEveryPlan((plan, trial) => {
    const other = differ(trial);
    if (!other) return;
    const again = planFrom(other.start, other);
    if (!again.ok) return;
    compared += 1;
    expect(again.value.digest).not.toBe(plan.digest);
  });
  expect(compared).toBeGreaterThan(20);
});

function isUnloaded(slots: ReadonlyMap<unknown, { disk: unknown; inUse: unknown }>): boolean {
  return [...slots.values()].some(({ disk, inUse }) => disk !== inUse);
}

function forEveryPlan(look: (plan: Plan, trial: Trial) => void): void {
  const holds = (one: Case) => {
    const trial = trialOf(one);
    if (trial.planned.ok) look(trial.planned.value, trial);
  };
  fc.assert(fc.property(cases, holds), { seed, numRuns: 150 });
}
