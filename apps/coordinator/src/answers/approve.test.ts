import { aCluster, fakePorts, startRotation, withPolicy } from '@etcd-rotate/testing';
import { expect, test } from 'vitest';
import { nobodyElse } from '../../test/nobody-else.ts';
import { approve } from './approve.ts';
import { Desk } from './desk.ts';
import { resume } from './steer.ts';

/** ann has asked for a rotation for which the policy wants two persons, and it is held. */
async function aDesk() {
  const cluster = aCluster('a', 'b', 'c', withPolicy({ approvals: 2 }));
  const ports = await fakePorts(cluster);
  const { plan } = await startRotation(cluster, ports);
  const desk = new Desk({
    fleet: { version: 1, fleet: 'lab', clusters: [cluster.fleet] },
    journal: ports.journal,
    ports,
    ...nobodyElse(ports.journal),
    lead: async () => ({ ok: true, value: undefined }),
    onFatal: (failure) => {
      throw new Error(failure.message);
    },
    onPlan: () => undefined,
    log: { info: () => undefined, error: () => undefined },
    coordinators: () => [],
  });
  const rests = async (): Promise<void> => {
    while (desk.loops.isRunningIn('main')) await new Promise((resolve) => setImmediate(resolve));
  };
  desk.loops.run('r1');
  await rests();
  const types = () => ports.journal.entries().map(({ body }) => body.type);
  return { desk, cluster, agents: ports.agents, digest: plan.digest, rests, types };
}

test('lets a rotation go on, which holds once more before old leaves are refused, and then ends', async () => {
  const { desk, digest, rests } = await aDesk();
  const body = { type: 'approve', rotation: 'r1', digest } as const;
  expect(await approve(desk, 'bob', body)).toMatchObject({ ok: true });
  await rests();
  expect(desk.rotations.get('r1')?.state).toMatchObject({ failure: { code: 'needs-approval' } });
  expect(desk.rotations.get('r1')?.approved).toEqual({ start: 'bob' });
  expect(await resume(desk, 'bob', 'r1')).toMatchObject({ failures: [{ code: 'needs-approval' }] });
  expect(await approve(desk, 'cyd', body)).toMatchObject({ ok: true });
  await rests();
  expect(desk.rotations.get('r1')?.state).toMatchObject({ outcome: 'rotated' });
});

test('until then nothing is written down but that it was asked for, and that it is held', async () => {
  const { types } = await aDesk();
  expect(types()).toEqual(['started', 'held']);
});

test.each([
  ['of who asked for it', 'ann', undefined, 'needs-approval'],
  ['of another plan', 'bob', 'f00d', 'plan-changed'],
])('refuses an approval %s, and writes nothing', async (_whose, operator, other, code) => {
  const { desk, digest, types } = await aDesk();
  const before = types();
  const answer = await approve(desk, operator, { type: 'approve', rotation: 'r1', digest: other ?? digest });
  expect(answer).toMatchObject({ ok: false, failures: [{ code }] });
  expect(types()).toEqual(before);
});

test('refuses an approval of what nobody waits for', async () => {
  const { desk, digest, rests } = await aDesk();
  const body = { type: 'approve', rotation: 'r1', digest } as const;
  await approve(desk, 'bob', body);
  expect(await approve(desk, 'cyd', body)).toMatchObject({ failures: [{ code: 'wrong-status' }] });
  await rests();
  expect(await approve(desk, 'bob', { ...body, rotation: 'r2' })).toMatchObject({
    failures: [{ code: 'unknown-rotation' }],
  });
});

test('refuses an approval while the cluster is not as it was when it was planned', async () => {
  const { desk, digest, cluster, types } = await aDesk();
  const before = types();
  cluster.clusterId = 'another';
  const answer = await approve(desk, 'bob', { type: 'approve', rotation: 'r1', digest });
  expect(answer.ok ? [] : answer.failures.map(({ code }) => code)).toContain('cluster-id-changed');
  expect(types()).toEqual(before);
});
