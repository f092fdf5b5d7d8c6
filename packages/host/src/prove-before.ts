import { proveLoaded, wasRefusedBefore } from '@etcd-rotate/etcd';
import { agentClient, type Domain, fail, ok, type ProcessSeen, type Proof, type Result } from '@etcd-rotate/protocol';
import { type Access, accessOf, peerAccessOf } from './access.ts';
import { type Work, stepKey } from './change.ts';
import { oldPair } from './copies.ts';
import type { MemberHolder } from './holders.ts';
import { isInstalled } from './install-slots.ts';
import { memberOn } from './node.ts';
import { processOf } from './observe-node.ts';
import { connectionsTo } from './processes.ts';
import { throwAwayFor } from './prove-member.ts';

/** What a change found before it began: to be held against what is there afterwards. */
export interface Before {
  process: ProcessSeen | undefined;
  /** Of a client, to the members. */
  connections: Set<string>;
  proofs: Proof[];
}

const lookForMs = 5000;

/** Looks before anything is changed. After the files were installed it is too late for that, and it is left out. */
export async function proveBefore(work: Work): Promise<Result<Before>> {
  const { command, body, holder, node } = work;
  const process = await processOf(holder);
  const urls = body.prove.members.map(({ clientUrl }) => clientUrl);
  const connections = process && holder.kind === 'client' ? await connectionsTo(process.pid, urls) : new Set<string>();
  for (const domain of Object.keys(body.prove.canaries) as Domain[]) {
    if (node.canaries.of(stepKey(command), domain)) continue;
    const message = `${holder.holder}: the key of the canary for its ${domain} port is gone`;
    return fail('canary-lost', message, 'the agent was restarted; the step begins again by itself', true);
  }
  const proofs = holder.kind === 'member' && !(await isInstalled(work)) ? await lookBefore(work, holder) : [];
  return ok({ process, connections, proofs });
}

/** The new CA is refused before it is trusted; the old leaf is accepted before it is refused. */
async function lookBefore(work: Work, member: MemberHolder): Promise<Proof[]> {
  const { command, body, node } = work;
  const ports = await portsOf(work, member);
  const looks = (Object.entries(body.prove.oldLeaves) as [Domain, 'accepted' | 'refused'][]).map(
    async ([domain, later]): Promise<Proof[]> => {
      const port = ports(domain);
      const canary = body.prove.canaries[domain];
      const key = node.canaries.of(stepKey(command), domain);
      if (later === 'accepted') {
        if (!canary || !key) return [];
        return wasRefusedBefore({ ...port, canary: { cert: canary, key }, deadlineMs: lookForMs });
      }
      const old = await oldLeafOf(work, member, domain);
      const throwAway = await throwAwayFor(domain, member);
      if (!old || !throwAway.ok) return [];
      return proveLoaded({
        ...port,
        throwAway: throwAway.value,
        leafInUse: { ...old, must: 'accepted' },
        deadlineMs: lookForMs,
      });
    },
  );
  return (await Promise.all(looks)).flat();
}

/** Where a port is dialled and with which bundle its member is verified. */
export interface Port {
  domain: Domain;
  url: string;
  serverBundle: string;
  localAddress?: string;
}

export async function portsOf({ command, node }: Work, member: MemberHolder): Promise<(domain: Domain) => Port> {
  const agent = memberOn(node, command.cluster)?.agent;
  const access: Access | undefined = agent && (await accessOf(agent));
  const { bundle, localAddress } = await peerAccessOf(member);
  return (domain) =>
    domain === 'client'
      ? { domain, url: member.endpoint, serverBundle: access?.ca ?? '' }
      : { domain, url: member.peerEndpoint, serverBundle: bundle, ...(localAddress ? { localAddress } : {}) };
}

/** The leaf from before the rotation that a port is tried with: of the agent's client, or the member's own. */
export function oldLeafOf(
  { command, node }: Work,
  member: MemberHolder,
  domain: Domain,
): Promise<{ cert: string; key: string } | undefined> {
  const folder = node.state.rotationFolder(command.rotation);
  return domain === 'client'
    ? oldPair(folder, agentClient(node.name), 'client-leaf')
    : oldPair(folder, member.holder, 'peer-leaf');
}
