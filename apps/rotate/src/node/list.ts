import type { NodeEntry } from '@etcd-rotate/protocol';
import colors from 'picocolors';
import { exitCodes } from '../exit-codes.ts';
import { give } from '../give.ts';
import { columns } from '../terminal.ts';
import { type CommonOptions, withCoordinator } from '../with-coordinator.ts';

/** Every node with where its identity comes from, and whether it answers. */
export function listNodes(options: CommonOptions & { natsUsers?: boolean }): Promise<number> {
  return withCoordinator(options, async ({ coordinator, terminal }) => {
    const answer = await coordinator.ask('nodes', { type: 'nodes' });
    if (!answer.ok) return give(terminal, answer.failures);
    const { nodes, natsUsers } = answer.value;
    if (options.natsUsers === true) {
      terminal.say(natsUsers ?? '# NATS is run by the coordinator, which has told it already');
      terminal.tell({ ok: true, natsUsers });
      return exitCodes.done;
    }
    const status = await coordinator.ask('status', { type: 'status' });
    const answers = new Map(
      status.ok ? status.value.nodes.map(({ node, answers: does }) => [node, does]) : [],
    );
    const rows = nodes.map((one) => [
      one.node,
      identityOf(one),
      answersOf(answers.get(one.node)),
      moreOf(one),
    ]);
    for (const line of columns([['node', 'identity', 'agent', ''], ...rows])) terminal.say(line.trimEnd());
    terminal.tell({
      ok: true,
      nodes: nodes.map((one) => ({ ...one, answers: answers.get(one.node) ?? null })),
    });
    return exitCodes.done;
  });
}

function identityOf({ identity, invitedUntil }: NodeEntry): string {
  const until = invitedUntil === undefined ? '' : `may join until ${time(invitedUntil)}`;
  if (!identity) return until || 'none';
  const from = identity.from === 'init' ? 'made by init' : `joined ${time(identity.since ?? '')}`;
  return until ? `${from}, ${until}` : from;
}

function answersOf(answers: boolean | undefined): string {
  // Only nodes of the fleet file are asked.
  if (answers === undefined) return '';
  return answers ? 'answers' : 'does not answer';
}

function moreOf({ inFleet, obeysPresentKey, identity }: NodeEntry): string {
  const more = [
    ...(inFleet ? [] : ['not in the fleet file']),
    ...(identity && !obeysPresentKey ? ['does not know the new signing key yet'] : []),
  ];
  return colors.yellow(more.join('; '));
}

function time(instant: string): string {
  return instant.slice(0, 16).replace('T', ' ');
}
