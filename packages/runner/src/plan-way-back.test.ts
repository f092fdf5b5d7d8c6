import { type Command, fail } from '@etcd-rotate/protocol';
import { aCa, aCluster, type Cluster, fakePorts, replay, startRotation } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { planWayBack } from './plan-way-back.ts';
import { runRotation } from './run-rotation.ts';

const never = new AbortController().signal;

/** A rotation that was held when a step was sent, and whatever was under way with it was finished. */
async function heldAt(cluster: Cluster, step: string) {
  const ports = await fakePorts(cluster);
  await startRotation(cluster, ports);
  const { agents, journal } = ports;
  const send = async (command: Command) => {
    if (command.step === step && command.body.type === 'change')
      await journal.append({ type: 'holding', rotation: 'r1', operator: 'ann' });
    return agents.send(command);
  };
  const results = agents.results.bind(agents);
  const hearing = { ...ports, agents: Object.assign(Object.create(agents), { send, results }) };
  const { rotation } = await runRotation(replay(journal.entries()), hearing, never);
  expect(rotation.state).toMatchObject({ failure: { code: 'held-by-operator' } });
  const plan = () =>
    planWayBack(cluster.fleet, { rotation: replay(journal.entries()), keepNewCa: false }, ports);
  return { ports, plan };
}

test('a way back comes with its proof, and changes nothing', async () => {
  const cluster = aCluster('a', 'b', 'c');
  const { ports, plan } = await heldAt(cluster, 'issue-c');
  const [entries, seen] = [ports.journal.last(), JSON.stringify(cluster.observations())];
  const made = await plan();
  if (!made.ok) throw new Error(made.failures[0].message);
  expect(made.plan).toMatchObject({ direction: 'back', restarts: 'when-needed' });
  expect(made.proof.flatMap(({ strangers }) => strangers)).toEqual([]);
  expect(made.plan.steps.every(({ id }) => id.startsWith('back-'))).toBe(true);
  expect(made.plan.warnings).toEqual([]);
  expect(ports.journal.last()).toBe(entries);
  expect(JSON.stringify(cluster.observations())).toBe(seen);
});

test('warns of what others put there while it was held: that stays', async () => {
  const cluster = aCluster('a', 'b', 'c');
  const { plan } = await heldAt(cluster, 'issue-c');
  const agent = cluster.holder('client/agent-node-a');
  agent.files.set('server-bundle', [...(agent.files.get('server-bundle') ?? []), aCa('foreign').known]);
  const made = await plan();
  if (!made.ok) throw new Error(made.failures[0].message);
  expect(made.plan.warnings).toMatchObject([
    { code: 'changed-by-others', message: expect.stringContaining('client/agent-node-a') },
  ]);
});

test('is refused while a node does not answer', async () => {
  const { ports, plan } = await heldAt(aCluster('a', 'b', 'c'), 'trust-c');
  ports.agents.cutOff('node-b');
  expect(await plan()).toMatchObject({ ok: false, failures: [{ code: 'node-away' }] });
});

test('before its first command every node has stored the epoch, or the rotation holds', async () => {
  const cluster = aCluster('a', 'b', 'c');
  const ports = await fakePorts(cluster);
  await startRotation(cluster, ports);
  const stale = fail('old-epoch', 'node-c has obeyed epoch 7', 'stop the other coordinator');
  ports.agents.refuse('node-c', stale);
  const { rotation } = await runRotation(replay(ports.journal.entries()), ports, never);
  expect(rotation.state).toMatchObject({ status: 'held', failure: { code: 'old-epoch' } });
  expect(ports.journal.entries().some(({ body }) => body.type === 'sent')).toBe(false);
});
