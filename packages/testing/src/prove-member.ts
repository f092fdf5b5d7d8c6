import {
  agentClient,
  type Command,
  type CommandBody,
  fail,
  type MemberLook,
  ok,
  type Result,
  type ResultValue,
  slots,
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
  const lost = Object.keys(body.ports.canaries).find(
    (domain) => !agent.canaries.has(`${command.rotation} ${body.after} ${domain}`),
  );
  if (lost) {
    const message = `the key of the canary for the ${lost} port of ${member.id} is gone, as after a restart of the agent`;
    return fail('canary-lost', message, 'the step begins again by itself', true);
  }
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
      ...provePorts({ agent, member, command, after: body.after }, body.ports),
      filesAsLeft(cluster, body),
    ],
    looks: cluster.serves(member) ? [look(cluster, member), look(cluster, member)] : [],
  });
}

function filesAsLeft(cluster: Cluster, { files }: Prove): ReturnType<typeof claim> {
  const other = files.find(({ holder, slot, fingerprints }) => {
    const there = (cluster.holder(holder).files.get(slot) ?? []).map(({ facts }) => facts.fingerprint);
    const one = slots[slot].holds === 'leaf' ? there.slice(0, 1) : there;
    return !fingerprints.some(
      (may) => (slots[slot].holds === 'leaf' ? may.slice(0, 1) : may).join() === one.join(),
    );
  });
  return claim(
    'files-as-left',
    other ? `${other.slot} of ${other.holder}` : 'every slot',
    other === undefined,
  );
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
    alarms: [...cluster.alarms],
  };
}
