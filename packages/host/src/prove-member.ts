import { provePeersActive, provePresents, proveReaches, proveServes } from '@etcd-rotate/etcd';
import {
  type Command,
  type CommandBody,
  fail,
  ok,
  type Proof,
  type Result,
  type ResultValue,
} from '@etcd-rotate/protocol';
import { type Access, accessOf, type PeerAccess, peerAccessOf, withoutSelf } from './access.ts';
import { memberOn, type Node } from './node.ts';
import type { MemberHere } from './ports.ts';
import { proveFiles } from './prove-files.ts';
import { canariesAt, provePorts } from './prove-ports.ts';
import { stepKey } from './work.ts';

type Prove = Extract<CommandBody, { type: 'prove' }>;
/** So long a node goes on looking before it says what it saw; the coordinator asks again where members disagree. */
const lookForMs = 15_000;

/**
 * What this node can prove of its member and of the others: its own serves and agrees with itself twice, presents what it
 * should, its ports accept and refuse what they should, its streams to all others live, every other one is reached, and
 * nobody else has changed a file.
 */
export async function proveMember(
  { cluster, rotation, direction }: Command,
  body: Prove,
  node: Node,
): Promise<Result<ResultValue>> {
  const found = memberOn(node, cluster);
  const self = found && body.members.find(({ holder }) => holder === found.member.holder);
  if (!found || !self) {
    return fail('unknown-holder', `${node.name} has no member of ${cluster}`, 'correct the fleet file');
  }
  const here: MemberHere = { ...found, node, rotation, direction };
  const { member } = here;
  const [access, peer] = [await accessOf(here.agent), await peerAccessOf(member)];
  if (!access.ok) return access;
  if (!peer.ok) return peer;
  const canaries = canariesAt(body.ports, here, stepKey({ rotation, direction, step: body.after }));
  if (!canaries.ok) return canaries;
  const as = access.value;
  const others = withoutSelf(body.members, member);
  const deadlineMs = lookForMs + body.settleMs;
  const { endpoint } = member;
  const [served, ...proofs] = await Promise.all([
    proveServes({ endpoint, ...as, memberId: self.memberId, settleMs: body.settleMs, deadlineMs }),
    provePeersActive({ url: endpoint, ...as, others: others.map(({ memberId }) => memberId), deadlineMs }),
    proveReaches({ from: { ...reachingFrom(peer.value), dialler: member.holder }, to: others, deadlineMs }),
    provePorts(body.ports, here, { canaries: canaries.value, deadlineMs }),
    proveFiles(body.files, { node, cluster }),
    presentClient(body.thorough ? body.members : [self], { ...as, dialler: here.agent.holder }, deadlineMs),
    // Dialled by every other member, so only one that has none dials its own.
    others.length > 0 ? [] : presentPeer(member.peerEndpoint, peer.value, { self, deadlineMs }),
  ]);
  return ok({ type: 'proven', proofs: [...served.proofs, ...proofs.flat()], looks: served.looks });
}

async function presentClient(
  members: Prove['members'],
  access: Access & { dialler: string },
  deadlineMs: number,
): Promise<Proof[]> {
  const each = members.map(({ holder: owner, clientUrl: url, 'server-leaf': fingerprint }) =>
    provePresents({ domain: 'client', owner, url, ...access, fingerprint, deadlineMs }),
  );
  return (await Promise.all(each)).flat();
}

function presentPeer(
  url: string,
  peer: PeerAccess,
  { self, deadlineMs }: { self: Prove['members'][number]; deadlineMs: number },
): Promise<Proof[]> {
  const { bundle: ca, ...as } = reachingFrom(peer);
  return provePresents({
    domain: 'peer',
    owner: self.holder,
    url,
    ca,
    ...as,
    fingerprint: self['peer-leaf'],
    deadlineMs,
  });
}

function reachingFrom({ pair, bundle, localAddress }: PeerAccess) {
  return { ...pair, bundle, ...(localAddress ? { localAddress } : {}) };
}
