import { fail, type RotationRequest } from '@etcd-rotate/protocol';
import {
  aClient,
  aCluster,
  aRequest,
  aRequestFor,
  type Cluster,
  FakeSigner,
  fakePorts,
  planTranscript,
  standIns,
  withFlags,
} from '@etcd-rotate/testing';
import { describe, expect, test } from 'vitest';
import { planRotation } from './plan-rotation.ts';

async function planned(cluster: Cluster, request: RotationRequest = aRequest(), signer = new FakeSigner()) {
  const ports = await fakePorts(cluster, { signer });
  return { ports, plan: () => planRotation('lab', cluster.fleet, request, ports) };
}

test('a plan comes with its proof and with what it was made from', async () => {
  const cluster = aCluster('a', 'b', 'c', aClient('backup'));
  const { plan } = await planned(cluster);
  const made = await plan();
  if (!made.ok) throw new Error('it was refused');
  expect(made.proof.map(({ step }) => step)).toContain('trust-b');
  expect(made.proof.flatMap(({ strangers }) => strangers)).toEqual([]);
  expect(made.observations).toEqual(cluster.observations());
  expect(planTranscript(made.plan)).toContain('restarts  9 of members');
});

test('planning writes nothing anywhere, and twice gives the same plan', async () => {
  const cluster = aCluster('a', 'b', 'c', aClient('backup'));
  const before = JSON.stringify(cluster.observations());
  const { plan, ports } = await planned(cluster);
  const [first, second] = [await plan(), await plan()];
  expect(first).toEqual(second);
  expect(ports.journal.entries()).toEqual([]);
  expect(JSON.stringify(cluster.observations())).toBe(before);
  expect([cluster.restarts, cluster.snapshots]).toEqual([[], []]);
});

describe('a plan is refused', () => {
  test('with every check that refuses it', async () => {
    const cluster = aCluster('a', 'b', 'c');
    cluster.stop('member/b');
    const { plan } = await planned(cluster);
    expect(await plan()).toMatchObject({
      ok: false,
      failures: [{ code: 'member-unhealthy' }, { code: 'quorum-at-risk' }],
    });
  });

  test('when a node does not answer, and it is said which', async () => {
    const { plan, ports } = await planned(aCluster('a', 'b', 'c'));
    ports.agents.cutOff('node-b');
    expect(await plan()).toMatchObject({
      ok: false,
      failures: [{ code: 'node-away', message: expect.stringContaining('node-b') }],
    });
  });

  test('when there is nothing to do', async () => {
    const { plan } = await planned(aCluster('a', 'b', 'c'), aRequestFor('ca1'), new FakeSigner('ca1'));
    expect(await plan()).toMatchObject({ ok: false, failures: [{ code: 'nothing-to-do' }] });
  });

  test('when it cannot be proven, with everybody who would be refused', async () => {
    // A flag that no check asks about, and that lets nobody in whose leaf has not this name.
    const flags = withFlags({ 'client-cert-allowed-hostname': 'clients.example' });
    const { plan } = await planned(
      aCluster('a', aClient('backup'), flags),
      aRequest({ acceptDowntime: true }),
    );
    const refused = await plan();
    expect(refused).toMatchObject({
      ok: false,
      failures: [
        {
          code: 'stranger',
          message: expect.stringMatching(
            /^the plan cannot be proven: as the cluster is now, member\/a would refuse the client-leaf of client\//,
          ),
          causes: expect.arrayContaining([
            expect.stringContaining('client/backup'),
            expect.stringContaining('client/agent-node-a'),
          ]),
        },
      ],
    });
  });
});

test('a slow node does not make the clocks of the others look wrong', async () => {
  const { plan, ports } = await planned(aCluster('a', 'b', 'c'));
  ports.agents.slow('node-c', 9000);
  expect(await plan()).toMatchObject({ ok: true });
});

test('the stand-ins of a plan are asked for after the checks, which are cheaper', async () => {
  const ports = await fakePorts(aCluster('a'));
  let asked = 0;
  const counting = {
    ...ports,
    standIns: async () => {
      asked += 1;
      return standIns;
    },
  };
  const refused = await planRotation('lab', aCluster('a').fleet, aRequest(), counting);
  expect([refused.ok, asked]).toEqual([false, 0]);
});

test('a failure of a node to look is told as it is', async () => {
  const ports = await fakePorts(aCluster('a', 'b', 'c'));
  const denied = fail('not-signed', 'no valid signature', 'look at the identity');
  const observe = async () => denied;
  const refused = await planRotation('lab', aCluster('a').fleet, aRequest(), {
    ...ports,
    agents: { observe },
  });
  expect(refused).toMatchObject({ ok: false, failures: [denied.failure] });
});
