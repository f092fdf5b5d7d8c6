import type { Rotation } from '@etcd-rotate/core';
import { type Command, type CommandResult, type Failure, holderName } from '@etcd-rotate/protocol';
import type { Delivery } from './delivery.ts';
import type { Ports, ResultQueue } from './ports.ts';

interface Means {
  ports: Pick<Ports, 'clock' | 'epoch'>;
  delivery: Delivery;
  results: ResultQueue;
  stop: AbortSignal;
}

/**
 * Before its first command every node of a rotation has stored our epoch: from then on it obeys nobody who led before. A
 * coordinator that still thinks it leads, and was cut off from one node alone, could stop a second member there.
 *
 * @returns why that is not so, and answers to other commands that came meanwhile
 */
export async function takeLead(
  rotation: Rotation,
  { ports, delivery, results, stop }: Means,
): Promise<{ failure: Failure | undefined; arrived: CommandResult[] }> {
  const open = new Map(leadCommands(rotation, ports).map((command) => [command.id, command]));
  const arrived: CommandResult[] = [];
  while (open.size > 0 && !stop.aborted) {
    const commands = [...open.values()];
    for (const result of await results.next(delivery.keepSending(commands))) {
      const isFollowing = open.get(result.id)?.node === result.node && result.outcome.ok;
      if (isFollowing) open.delete(result.id);
      if (isFollowing) delivery.answered(result.id);
      else arrived.push(result);
    }
    const failure = delivery.givenUp([...open.values()]);
    if (failure) return { failure, arrived };
  }
  return { failure: undefined, arrived };
}

function leadCommands({ id, plan, cluster }: Rotation, { clock, epoch }: Means['ports']): Command[] {
  const nodes = new Map(plan.steps.map(({ node, holder }) => [node, holder]));
  const now = clock.now();
  return [...nodes].map(([node, holder]) => ({
    v: 1,
    id: `${id}.lead-${holderName(holder)}.${epoch()}.lead`,
    fleet: plan.fleet,
    cluster,
    rotation: id,
    direction: plan.direction,
    step: 'lead',
    node,
    holder,
    epoch: epoch(),
    issuedAt: now.toISOString(),
    expiresAt: new Date(now.getTime() + plan.policy.stepTimeout).toISOString(),
    body: { type: 'lead' },
  }));
}
