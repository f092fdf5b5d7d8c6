import {
  agentClient,
  type Command,
  type CommandBody,
  fail,
  type MemberLook,
  ok,
  type Result,
  type ResultValue,
} from '@etcd-rotate/protocol';
import type { Holder } from './a-holder.ts';
import type { Agent } from './agent.ts';
import type { Cluster } from './cluster.ts';
import { claim, provePorts, provePresents } from './proofs.ts';

type Prove = Extract<CommandBody, { type: 'prove' }>;

/** What a node proves of its member and of the others. */
export function proveMember(agent: Agent, command: Command, body: Prove): Result<ResultValue> {
  const { cluster, node } = agent;
  const member = cluster.memberOn(node);
  if (!member) return fail('unknown-holder', `${node} has no member`, 'correct the fleet file');
  const by = cluster.holder(agentClient(node));
  const others = body.members.filter(({ holder }) => holder !== member.id);
  const own = body.members.filter(({ holder }) => holder === member.id);
  const reached = others.map((other) => {
    const there = cluster.holder(other.holder);
    const presents = there.inUse('peer-leaf')[0]?.facts.fingerprint === other['peer-leaf'];
    return claim('reaches', other.peerUrl, cluster.connected(member, there) && presents);
  });
  return ok({
    type: 'proven',
    proofs: [
      claim('serves', member.id, cluster.serves(member)),
      claim(
        'peers-active',
        member.id,
        reached.every(({ verdict }) => verdict === 'proven'),
      ),
      ...reached,
      ...(body.thorough ? body.members : own).map((expected) => provePresents(cluster, { expected, by })),
      ...provePorts({ agent, member, rotation: command.rotation, after: body.after }, body.ports),
    ],
    looks: cluster.serves(member) ? [look(cluster, member), look(cluster, member)] : [],
  });
}

function look(cluster: Cluster, member: Holder): MemberLook {
  return {
    clusterId: cluster.clusterId,
    memberId: cluster.idOf(member.id),
    members: cluster.members.map(({ id }) => cluster.idOf(id)).sort(),
    revision: cluster.index,
    leader: cluster.idOf(cluster.leader),
    raftTerm: cluster.term,
    raftIndex: cluster.index,
    appliedIndex: cluster.index,
  };
}
