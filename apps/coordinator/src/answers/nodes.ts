import { type FleetFile, fail, type NodeEntry, nodesOf } from '@etcd-rotate/protocol';
import type { Desk } from './desk.ts';
import { type Body, done, type Outcome, refused } from './refusals.ts';

const hour = 3_600_000;

/** Lets a node join, once and within an hour, with the token whose public half this is. */
export function nodeAdd(desk: Desk, operator: string, asked: Body<'node-add'>): Promise<Outcome> {
  return desk.parts.identities.oneByOne(() => add(desk, operator, asked));
}

async function add(
  desk: Desk,
  operator: string,
  { node, token, replace }: Body<'node-add'>,
): Promise<Outcome> {
  const { identities, journal, ports, fleet, own, nats } = desk.parts;
  const now = ports.clock.now();
  if (identities.node(node) && !replace) {
    const { failure } = fail(
      'exists',
      `node ${node} has an identity already`,
      `to give it a new one: rotate node add ${node} --replace; the present one works until it has joined`,
    );
    return refused(failure);
  }
  const expiresAt = new Date(now.getTime() + hour).toISOString();
  const invited = identities.invitation(node, now);
  // Asked again after a lost answer.
  if (invited?.token !== token) {
    if (identities.wasToken(token)) {
      const hint = `ask again: rotate node add ${node}`;
      return refused(fail('bad-token', `this token for node ${node} was made before`, hint).failure);
    }
    const entry = await journal.append({
      type: 'invited',
      node,
      operator,
      token,
      expiresAt,
      replaces: replace,
    });
    if (!entry.ok) return refused(entry.failure);
  }
  return {
    ok: true,
    value: {
      type: 'invited',
      expiresAt: invited?.token === token ? invited.expiresAt : expiresAt,
      joiningSeed: own.joining.nkeySeed.reveal(),
      inFleet: inFleet(fleet).has(node),
      nats: nats.place,
    },
  };
}

/** Ends an identity: what its holder says is not believed from here on, and NATS lets it in no more. */
export function nodeRemove(desk: Desk, operator: string, { node }: Body<'node-remove'>): Promise<Outcome> {
  return desk.parts.identities.oneByOne(() => remove(desk, operator, node));
}

async function remove(desk: Desk, operator: string, node: string): Promise<Outcome> {
  const { identities, journal, ports, nats } = desk.parts;
  const there = identities.node(node);
  const isInvited = identities.invitation(node, ports.clock.now()) !== undefined;
  if (!there && !isInvited && !identities.wasRemoved(node)) {
    const known = identities.nodes().join(', ') || 'none';
    const { failure } = fail(
      'unknown-node',
      `node ${node} has no identity, and no token to join with (known: ${known})`,
      'see `rotate node list`',
    );
    return refused(failure);
  }
  // Asked again where NATS could not be told: that it has ended is written down already.
  if (there || isInvited) {
    const key = there ? { publicKey: there.known.key } : {};
    const entry = await journal.append({ type: 'removed', node, operator, ...key });
    if (!entry.ok) return refused(entry.failure);
  }
  const told = await nats.tell(identities.all());
  return told.ok ? done : refused(told.failure);
}

/** Every node that has an identity, is invited, or is in the fleet file. */
export async function listNodes(desk: Desk): Promise<Outcome> {
  const { identities, ports, fleet, own, nats } = desk.parts;
  const now = ports.clock.now();
  const named = inFleet(fleet);
  const nodes = [...new Set([...named, ...identities.nodes()])].sort().map((node): NodeEntry => {
    const there = identities.node(node);
    const invited = identities.invitation(node, now);
    const since = there?.since === undefined ? {} : { since: there.since };
    return {
      node,
      inFleet: named.has(node),
      ...(there && { identity: { from: there.from, ...since } }),
      ...(invited && { invitedUntil: invited.expiresAt }),
      obeysPresentKey: own.retiring === undefined || identities.obeys(node, own.publicKey),
    };
  });
  const users = nats.usersOf(identities.all());
  return { ok: true, value: { type: 'nodes', nodes, ...(users === undefined ? {} : { natsUsers: users }) } };
}

function inFleet({ clusters }: FleetFile): Set<string> {
  return new Set(clusters.flatMap(nodesOf));
}
