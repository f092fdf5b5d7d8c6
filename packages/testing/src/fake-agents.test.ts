import { type Command, NodeObservation } from '@etcd-rotate/protocol';
import { describe, expect, test } from 'vitest';
import { aCluster } from './a-cluster.ts';
import { Clock } from './clock.ts';
import { FakeAgents } from './fake-agents.ts';
import { Play } from './play.ts';

function aCommand(cluster = aCluster('a', 'b', 'c')): Command {
  const move = new Play(cluster).next();
  if (move.type !== 'send') throw new Error('nothing is sent');
  return move.command;
}

describe('the agents', () => {
  test('obey a command that comes twice once, and answer it each time', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const agents = new FakeAgents(cluster);
    using results = agents.results('r1');
    const command: Command = { ...aCommand(cluster), body: { type: 'snapshot' } };
    await agents.send(command);
    await agents.send(command);
    expect(await results.next(1000)).toHaveLength(1);
    await agents.send(command);
    expect(await results.next(1000)).toMatchObject([{ id: command.id, outcome: { ok: true } }]);
    expect(cluster.snapshots).toHaveLength(1);
  });

  test('that are cut off finish what they began, and are heard when they are asked again', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const agents = new FakeAgents(cluster);
    using results = agents.results('r1');
    const command = aCommand(cluster);
    await agents.send(command);
    agents.cutOff(command.node);
    expect(await results.next(1000)).toEqual([]);
    expect(await agents.send(command)).toMatchObject({
      ok: false,
      failure: { code: 'node-away', retryable: true },
    });
    agents.reconnect(command.node);
    await agents.send(command);
    expect(await results.next(1000)).toHaveLength(1);
  });

  test('answer into nothing when nobody listens', async () => {
    const cluster = aCluster('a', 'b', 'c');
    const agents = new FakeAgents(cluster);
    await agents.send(aCommand(cluster));
    expect(cluster.clock.step(new Date(cluster.clock.now().getTime() + 1000))).toBe(true);
  });

  test('see what the words of the protocol can say', () => {
    for (const observation of aCluster('a', 'b').observations())
      expect(NodeObservation.parse(observation)).toEqual(observation);
  });
});

test('time jumps from one event to the next, in their order, and no further than it may', () => {
  const clock = new Clock();
  const from = clock.now().getTime();
  const happened: string[] = [];
  clock.in(300, () => happened.push('late'));
  clock.in(100, () => happened.push('early'));
  const passed = () => clock.now().getTime() - from;
  const until = new Date(from + 200);
  expect([clock.step(until), passed(), happened]).toEqual([true, 100, ['early']]);
  expect([clock.step(until), passed(), happened]).toEqual([false, 200, ['early']]);
  expect([clock.step(new Date(from + 999)), passed(), happened]).toEqual([true, 300, ['early', 'late']]);
});
