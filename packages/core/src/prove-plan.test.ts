import type { Step } from '@etcd-rotate/protocol';
import { aClient, aCluster, judge, planFor, standIns, unwrap, withCas } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { provePlan } from './prove-plan.ts';
import { worldFrom } from './world.ts';

const cluster = aCluster('a', 'b', 'c', aClient('backup'), withCas('ca1', 'pca1'));
const plan = unwrap(planFor(cluster));
const prove = (steps: Step[]) => provePlan({ steps }, worldFrom(cluster.observations()), standIns, judge);

/** The first step at which anybody is refused, and all who are. */
function firstStrangers(steps: Step[]): { step: string; strangers: string[] } | undefined {
  const line = prove(steps).find(({ strangers }) => strangers.length > 0);
  return (
    line && {
      step: line.step,
      strangers: [...new Set(line.strangers.map((said) => said.replace(/:.*/, '')))],
    }
  );
}

const without = (id: string) => plan.steps.filter((step) => step.id !== id);
/** The plan with that step before all others. */
const first = (id: string) =>
  plan.steps
    .map((step): Step => (step.id === id ? { ...step, group: -1 } : step))
    .sort((a, b) => a.group - b.group);

test('a good plan has no strangers, and a line with its handshakes for each change', () => {
  const lines = prove(plan.steps);
  expect(lines.flatMap(({ strangers }) => strangers)).toEqual([]);
  const changes = plan.steps.filter(({ action }) => action.type === 'change');
  expect(lines.map(({ step }) => step).sort()).toEqual(['now', ...changes.map(({ id }) => id)].sort());
  // At the least: each of the 3 members and each of the 4 clients, both ways, at each group.
  const handshakes = lines.reduce((sum, line) => sum + line.handshakes, 0);
  expect(handshakes).toBeGreaterThan(3 * 4 * 2 * new Set(changes.map(({ group }) => group)).size);
});

test('issuing before trusting names everybody who would refuse the new leaves', () => {
  const found = firstStrangers(first('issue-b'));
  expect(found?.step).toBe('issue-b');
  expect(found?.strangers.sort()).toEqual(
    [
      'member/a would refuse the peer-leaf of member/b',
      'client/backup would refuse the server-leaf of member/b',
      'client/agent-node-a would refuse the server-leaf of member/b',
      'client/agent-node-b would refuse the server-leaf of member/b',
      'client/agent-node-c would refuse the server-leaf of member/b',
      'member/b would refuse its own server-leaf, with which its gateway dials',
      'member/c would refuse the peer-leaf of member/b',
    ].sort(),
  );
});

test('retiring before issuing names everybody who would be refused', () => {
  const early = first('retire-a');
  expect(firstStrangers(early)?.step).toBe('retire-a');
  expect(firstStrangers(early)?.strangers).toEqual(
    expect.arrayContaining([
      'member/a would refuse the peer-leaf of member/b',
      'member/a would refuse the peer-leaf of member/c',
      'member/a would refuse the client-leaf of client/backup',
      'member/a would refuse its own server-leaf, with which its gateway dials',
    ]),
  );
});

test.each(['trust-backup', 'issue-backup'])('a client left out of the plan (%s) is named', (id) => {
  const found = firstStrangers(without(id));
  const expected = {
    'trust-backup': ['issue-a', 'client/backup would refuse the server-leaf of member/a'],
    'issue-backup': ['retire-b', 'member/b would refuse the client-leaf of client/backup'],
  }[id];
  expect([found?.step, ...(found?.strangers ?? [])]).toEqual(expected);
});

test('a client that nobody declared is named when its CA goes away', () => {
  const undeclared = plan.steps.filter(({ holder }) => holder !== 'client/backup');
  expect(firstStrangers(undeclared)?.strangers).toEqual([
    'client/backup would refuse the server-leaf of member/a',
  ]);
});

test('half a step is looked at: what fits together before and after may not fit in between', () => {
  // A member on its own: only its gateway dials it.
  const observations = aCluster('a')
    .observations()
    .map((node) => ({ ...node, holders: node.holders.filter(({ holder }) => holder === 'member/a') }));
  const [step] = plan.steps.filter(({ id }) => id === 'issue-a');
  const target = { role: 'new', name: 'new-ca' } as const;
  if (step?.action.type !== 'change') throw new Error('the plan changes nothing');
  const slots = { 'server-leaf': { leafOf: target }, 'client-bundle': { bundle: [target] } };
  const steps = [{ ...step, action: { ...step.action, slots } }];
  const [, line] = provePlan({ steps }, worldFrom(observations), standIns, judge);
  expect(line?.strangers.map((said) => said.replace(/:.*/, ''))).toEqual([
    'member/a would refuse its own server-leaf, with which its gateway dials',
    'member/a would refuse its own server-leaf, with which its gateway dials',
  ]);
});
