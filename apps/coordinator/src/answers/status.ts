import { nodesOf } from '@etcd-rotate/protocol';
import { observe } from '@etcd-rotate/runner';
import type { Desk } from './desk.ts';
import type { Body, Outcome } from './refusals.ts';

/** How the nodes and the rotations are: of one cluster, or of all. */
export async function status(desk: Desk, { cluster: name }: Body<'status'>): Promise<Outcome> {
  const { fleet, ports, journal, coordinators, refused: refusedCount } = desk.parts;
  const clusters = fleet.clusters.filter((cluster) => name === undefined || cluster.name === name);
  if (name !== undefined && clusters.length === 0) {
    return desk.unknownCluster(name);
  }
  const looks = await Promise.all(clusters.map((cluster) => observe(fleet.fleet, cluster, ports)));
  const answering = new Set(looks.flatMap(({ observations }) => observations.map(({ node }) => node)));
  const nodes = new Set(clusters.flatMap(nodesOf));
  return {
    ok: true,
    value: {
      type: 'status',
      epoch: journal.epoch,
      coordinators: coordinators(),
      clusters: clusters.map((cluster) => cluster.name),
      nodes: [...nodes].map((node) => ({ node, answers: answering.has(node) })),
      refused: refusedCount.list(),
      rotations: desk.rotations.statuses(name),
    },
  };
}
