import { exitCodes } from './exit-codes.ts';
import { give } from './give.ts';
import { whichCluster } from './which-cluster.ts';
import { type CommonOptions, withCoordinator } from './with-coordinator.ts';

/** Makes the coordinator lead above whatever epoch the nodes of a cluster have stored. */
export function resetEpoch(options: CommonOptions & { cluster?: string }): Promise<number> {
  return withCoordinator(options, async ({ coordinator, terminal }) => {
    const cluster = await whichCluster(coordinator, options.cluster);
    if (!cluster.ok) return give(terminal, cluster.failures);
    const done = await coordinator.ask('done', { type: 'reset-epoch', cluster: cluster.value });
    if (!done.ok) return give(terminal, done.failures);
    terminal.say(`the coordinator leads under an epoch that every node of ${cluster.value} obeys`);
    terminal.tell({ outcome: 'reset', cluster: cluster.value });
    return exitCodes.done;
  });
}
