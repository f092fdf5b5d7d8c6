import { type Journal, openMemoryJournal } from '@etcd-rotate/journal';
import type { PlanningPorts, Ports } from '@etcd-rotate/runner';
import { FakeSigner } from './a-signer.ts';
import { covers, hash, unwrap, verify } from './certificates.ts';
import type { Cluster } from './cluster.ts';
import { FakeAgents } from './fake-agents.ts';
import { standIns } from './stand-ins.ts';

export interface FakePorts extends Ports, PlanningPorts {
  journal: Journal;
  agents: FakeAgents;
}

/** Everything a runner needs around a cluster, with a journal in memory. */
export async function fakePorts(
  cluster: Cluster,
  { signer = new FakeSigner() }: { signer?: FakeSigner } = {},
): Promise<FakePorts> {
  const { clock } = cluster;
  const journal = unwrap(await openMemoryJournal({ now: clock.now }));
  let ids = 0;
  return {
    journal,
    agents: new FakeAgents(cluster),
    signer: {
      makeCa: async (wanted) => signer.makeCa(wanted),
      sign: async (wanted) => signer.sign(wanted),
    },
    times: () => undefined,
    heldCas: () => signer.held(),
    standIns: async () => standIns,
    newId: () => {
      ids += 1;
      return `id-${ids}`;
    },
    epoch: () => journal.epoch,
    clock,
    covers,
    hash,
    verify,
  };
}
