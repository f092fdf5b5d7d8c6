import { agree } from '../agree.ts';
import { exitCodes } from '../exit-codes.ts';
import { give } from '../give.ts';
import { type CommonOptions, withCoordinator } from '../with-coordinator.ts';

/** Ends the identity of a node, and its tokens, at once. */
export function removeNode(node: string, options: CommonOptions & { yes?: boolean }): Promise<number> {
  return withCoordinator(options, async ({ coordinator, terminal }) => {
    if (options.yes !== true) {
      const question = `End the identity of ${node}? Its agent is not listened to from then on; a rotation that needs it holds.`;
      const agreed = await agree(terminal, question, 'say --yes where that is what is wanted');
      if (agreed !== true) return agreed;
    }
    const done = await coordinator.ask('done', { type: 'node-remove', node });
    if (!done.ok) return give(terminal, done.failures);
    const nodes = await coordinator.ask('nodes', { type: 'nodes' });
    terminal.say(`${node} is removed: what its identity signs is not believed any more`);
    if (nodes.ok && nodes.value.natsUsers !== undefined)
      terminal.say(
        'NATS is not run by the coordinator and still lets it connect: put what `rotate node list --nats-users` prints into its configuration and reload it.',
      );
    terminal.tell({ ok: true, outcome: 'removed', node });
    return exitCodes.done;
  });
}
