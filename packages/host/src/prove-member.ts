import {
  proveLoaded,
  provePeersActive,
  provePresents,
  proveReaches,
  proveServes,
  throwAwayCanary,
} from '@etcd-rotate/etcd';
import {
  agentClient,
  type CommandBody,
  type Domain,
  fail,
  ok,
  type Proof,
  type Result,
  type ResultValue,
} from '@etcd-rotate/protocol';
import { type Access, accessOf, peerAccessOf, withoutSelf } from './access.ts';
import { oldPair } from './copies.ts';
import type { MemberHolder } from './holders.ts';
import { memberOn, type Node } from './node.ts';
import { readText } from './slot-files.ts';

type Prove = Extract<CommandBody, { type: 'prove' }>;
interface On {
  node: Node;
  cluster: string;
  rotation: string;
}

/** So long a node goes on looking before it says what it saw; the coordinator asks again where members disagree. */
const lookForMs = 15_000;

/**
 * What this node can prove of its member and of the others: its own serves and agrees with itself twice, its streams to
 * all others live, and every other one presents on both ports what it should. In the final look the leaves from before
 * the rotation are refused as well.
 */
export async function proveMember(body: Prove, { node, cluster, rotation }: On): Promise<Result<ResultValue>> {
  const here = memberOn(node, cluster);
  const self = here && body.members.find(({ holder }) => holder === here.member.holder);
  if (!here || !self) {
    return fail('unknown-holder', `${node.name} has no member of ${cluster}`, 'correct the fleet file');
  }
  const { member } = here;
  const access = await accessOf(here.agent);
  const others = withoutSelf(body.members, member);
  const deadlineMs = lookForMs + body.settleMs;
  const [served, ...proofs] = await Promise.all([
    proveServes({
      endpoint: member.endpoint,
      ...access,
      memberId: self.memberId,
      settleMs: body.settleMs,
      deadlineMs,
    }),
    provePeersActive({
      url: member.endpoint,
      ...access,
      others: others.map(({ memberId }) => memberId),
      deadlineMs,
    }),
    proveReaches({ from: await peerAccessOf(member), to: others, deadlineMs }),
    ...body.members.map(({ clientUrl, 'server-leaf': fingerprint }) =>
      provePresents({ url: clientUrl, ...access, fingerprint, deadlineMs }),
    ),
    ...body.oldLeavesRefused.map((domain) =>
      refusesOldLeaf({ domain, member, access, folder: node.state.rotationFolder(rotation), node: node.name, deadlineMs }),
    ),
  ]);
  return ok({ type: 'proven', proofs: [...served.proofs, ...proofs.flat()], looks: served.looks });
}

interface OldLeaf {
  domain: Domain;
  member: MemberHolder;
  access: Access;
  folder: string;
  node: string;
  deadlineMs: number;
}

/** The old leaf is refused beside the present one, which is accepted, on one and the same port. */
async function refusesOldLeaf({ domain, member, access, folder, node, deadlineMs }: OldLeaf): Promise<Proof[]> {
  const where = `${domain} port of ${member.holder}`;
  const old = await oldPair(
    folder,
    domain === 'client' ? agentClient(node) : member.holder,
    domain === 'client' ? 'client-leaf' : 'peer-leaf',
  );
  const throwAway = await throwAwayFor(domain, member);
  if (!old || !throwAway.ok) {
    const detail = old ? 'no throw-away certificate could be made' : 'no copy of the old leaf is there';
    return [{ what: 'refuses-old-leaf', where, verdict: 'not-provable', detail }];
  }
  const { bundle, ...peer } = await peerAccessOf(member);
  const { ca, ...client } = access;
  const at = domain === 'client' ? { url: member.endpoint, serverBundle: ca } : { url: member.peerEndpoint, serverBundle: bundle };
  const { localAddress, ...peerPair } = peer;
  return proveLoaded({
    domain,
    ...at,
    ...(domain === 'peer' && localAddress ? { localAddress } : {}),
    throwAway: throwAway.value,
    leafInUse: [
      { ...(domain === 'client' ? client : peerPair), must: 'accepted' },
      { ...old, must: 'refused' },
    ],
    deadlineMs,
  });
}

/** A leaf of a CA that nobody knows, with the names that the port asks for. */
export async function throwAwayFor(domain: Domain, member: MemberHolder): ReturnType<typeof throwAwayCanary> {
  const files = member.slots['peer-leaf'];
  if (domain === 'client' || !files || !('cert' in files)) return throwAwayCanary({ domain });
  const like = await readText(files.cert);
  return like.ok ? throwAwayCanary({ domain, like: like.value }) : like;
}
