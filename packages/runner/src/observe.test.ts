import type { Command } from '@etcd-rotate/protocol';
import { aClient, aCluster, fakePorts } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { observe } from './observe.ts';

test('every node is asked once, those that only have clients too', async () => {
  const cluster = aCluster('a', 'b', aClient('x', { node: 'node-a' }), aClient('backup'));
  const { observations, missing } = await observe('lab', cluster.fleet, await fakePorts(cluster));
  expect(observations.map(({ node }) => node)).toEqual(['node-a', 'node-b', 'node-backup']);
  expect(missing).toEqual([]);
});

test('nodes that do not answer are told beside those that do', async () => {
  const cluster = aCluster('a', 'b');
  const ports = await fakePorts(cluster);
  ports.agents.cutOff('node-b');
  const { observations, missing } = await observe('lab', cluster.fleet, ports);
  expect(observations.map(({ node }) => node)).toEqual(['node-a']);
  expect(missing).toMatchObject([{ code: 'node-away', message: expect.stringContaining('node-b') }]);
});

test('a look belongs to no rotation and has an id of its own', async () => {
  const cluster = aCluster('a', aClient('backup'));
  const ports = await fakePorts(cluster);
  const asked: Command[] = [];
  const look = (command: Command) => {
    asked.push(command);
    return ports.agents.observe(command);
  };
  await observe('lab', cluster.fleet, { ...ports, agents: { observe: look } });
  expect(asked.map(({ id, rotation, holder, body }) => [id, rotation, holder, body.type])).toEqual([
    ['look.id-1', 'none', 'member/a', 'observe'],
    ['look.id-2', 'none', 'client/backup', 'observe'],
  ]);
});
