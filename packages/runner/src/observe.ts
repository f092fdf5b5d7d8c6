import {
  type Command,
  type Failure,
  type FleetCluster,
  type HolderId,
  type NodeObservation,
  nodesOf,
} from '@etcd-rotate/protocol';
import type { PlanningPorts } from './ports.ts';

/**
 * Asks every node of a cluster what it sees. Nothing is changed or written anywhere.
 *
 * @param keptOf the rotation whose kept copies are looked at, too
 */
export async function observe(
  fleet: string,
  cluster: FleetCluster,
  ports: Pick<PlanningPorts, 'agents' | 'newId' | 'clock' | 'epoch'>,
  keptOf?: string,
): Promise<{ observations: NodeObservation[]; missing: Failure[] }> {
  const body = { type: 'observe', ...(keptOf === undefined ? {} : { keptOf }) } as const;
  const asked = nodesOf(cluster).map((node) =>
    ports.agents.observe({ ...lookAt(fleet, cluster, node, ports), body }),
  );
  const answers = await Promise.all(asked);
  return {
    observations: answers.flatMap((answer) => (answer.ok ? [answer.value] : [])),
    missing: answers.flatMap((answer) => (answer.ok ? [] : [answer.failure])),
  };
}

function lookAt(
  fleet: string,
  cluster: FleetCluster,
  node: string,
  { newId, clock, epoch }: Pick<PlanningPorts, 'newId' | 'clock' | 'epoch'>,
): Omit<Command, 'body'> {
  const now = clock.now();
  const member = cluster.members.find((one) => one.node === node);
  const client = cluster.clients.find((one) => one.node === node);
  const holder: HolderId = member ? `member/${member.name}` : `client/${client?.name ?? node}`;
  return {
    v: 1,
    id: `look.${newId()}`,
    fleet,
    cluster: cluster.name,
    rotation: 'none',
    direction: 'forward',
    step: 'observe',
    node,
    holder,
    epoch: epoch(),
    issuedAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + 30_000).toISOString(),
  };
}
