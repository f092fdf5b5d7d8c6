import { type Between, type LeafInUse, type Probed, throwAwayCanary } from '@etcd-rotate/etcd';
import { agentClient, type Direction, type Domain, ok, type Result } from '@etcd-rotate/protocol';
import { accessOf, peerAccessOf } from './access.ts';
import { allowedHostOf } from './allowed-host.ts';
import { oldPair } from './copies.ts';
import type { AgentHolder, MemberHolder } from './holders.ts';
import type { Node } from './node.ts';
import { type Pair, readText } from './slot-files.ts';

/** A member on this node, as one rotation looks at its ports. */
export interface MemberHere {
  node: Node;
  rotation: string;
  direction: Direction;
  member: MemberHolder;
  agent: AgentHolder;
}

/** A port: where it is dialled, from where, and with which bundle its member is verified. */
export interface Port {
  at: Probed & Required<Between>;
  /** The leaf in use: of the agent's client, or the member's own. */
  now: Pair;
}

export async function portOf({ member, agent }: MemberHere, domain: Domain): Promise<Result<Port>> {
  if (domain === 'client') {
    const access = await accessOf(agent);
    if (!access.ok) return access;
    const { ca, ...now } = access.value;
    const between = { dialler: agent.holder, owner: member.holder };
    return ok({ at: { domain, url: member.endpoint, serverBundle: ca, ...between }, now });
  }
  const peer = await peerAccessOf(member);
  if (!peer.ok) return peer;
  const { bundle, localAddress, pair } = peer.value;
  const from = { ...(localAddress && { localAddress }), dialler: member.holder, owner: member.holder };
  return ok({ at: { domain, url: member.peerEndpoint, serverBundle: bundle, ...from }, now: pair });
}

/** The leaf in use is accepted; the one from before the rotation is accepted until retire and refused afterwards. */
export async function leavesInUse(
  here: MemberHere,
  { at, now }: Port,
  old: 'accepted' | 'refused',
): Promise<LeafInUse[]> {
  const before = await oldLeafOf(here, at.domain, old);
  const same = before?.cert === now.cert && old === 'accepted';
  return [{ ...now, must: 'accepted' }, ...(before && !same ? [{ ...before, must: old }] : [])];
}

/**
 * The leaf that a port is tried with: what goes on being accepted is from before the rotation, also on its way back; what
 * is refused in the end was in use when that way began.
 */
export function oldLeafOf(
  { node, rotation, direction, member }: MemberHere,
  domain: Domain,
  must: 'accepted' | 'refused',
): Promise<Pair | undefined> {
  const folder = node.state.rotationFolder(rotation, must === 'accepted' ? 'forward' : direction);
  return domain === 'client'
    ? oldPair(folder, agentClient(node.name), 'client-leaf')
    : oldPair(folder, member.holder, 'peer-leaf');
}

/** A leaf of a CA that nobody knows, with the names that the port asks for. */
export async function throwAwayFor(
  { member }: MemberHere,
  domain: Domain,
): ReturnType<typeof throwAwayCanary> {
  const files = member.slots['peer-leaf'];
  if (domain === 'client') return throwAwayCanary({ domain, host: await allowedHostOf(member) });
  if (!files || !('cert' in files)) return throwAwayCanary({ domain });
  const like = await readText(files.cert);
  return like.ok ? throwAwayCanary({ domain, like: like.value }) : like;
}
