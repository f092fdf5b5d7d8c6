import { createTokenKey, writeToken } from '@etcd-rotate/bus';
import { Secret } from '@etcd-rotate/protocol';
import { exitCodes } from '../exit-codes.ts';
import { give } from '../give.ts';
import { type CommonOptions, withCoordinator } from '../with-coordinator.ts';

/** Prints the one line to run on a node that shall join. The key of the token is made here, and only its public half is sent. */
export function addNode(node: string, options: CommonOptions & { replace?: boolean }): Promise<number> {
  return withCoordinator(options, async ({ coordinator, terminal }) => {
    const { key, token } = createTokenKey();
    const replace = options.replace === true;
    const answer = await coordinator.ask('invited', { type: 'node-add', node, token, replace });
    if (!answer.ok) return give(terminal, answer.failures);
    const { expiresAt, joiningSeed, inFleet, nats } = answer.value;
    const { fleet, servers, natsCa, coordinatorKey } = coordinator.about;
    const word = writeToken({
      ...{ fleet, node, expiresAt, servers, natsCa, coordinatorKey, key },
      joiningSeed: new Secret(joiningSeed),
    });
    terminal.say(`Run this on ${node}, as root, before ${expiresAt}; it works once, and for ${node} alone:`);
    terminal.say();
    terminal.say(`etcd-rotate-agent join ${word}`);
    terminal.say();
    terminal.say(`Who has this line can join as ${node}: bring it there as you would a password.`);
    if (replace)
      terminal.say(
        `The identity that ${node} has works until then, and no longer; restart its agent afterwards.`,
      );
    if (!inFleet)
      terminal.say(`The fleet file does not name ${node} yet: nothing is rotated there until it does.`);
    if (nats === 'external')
      terminal.say(
        'NATS is not run by the coordinator: when it has joined, put what `rotate node list --nats-users` prints into its configuration and reload it.',
      );
    terminal.tell({ ok: true, node, token: word, expiresAt, inFleet, nats });
    return exitCodes.done;
  });
}
