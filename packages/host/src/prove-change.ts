import { type LeafInUse, proveLoaded, provePresents } from '@etcd-rotate/etcd';
import type { Domain, Proof } from '@etcd-rotate/protocol';
import { accessOf, peerAccessOf } from './access.ts';
import { startedAfter, stepKey, type Work } from './change.ts';
import type { AgentHolder, ClientHolder, MemberHolder } from './holders.ts';
import type { Installed } from './install-slots.ts';
import { memberOn } from './node.ts';
import { processOf } from './observe-node.ts';
import { type Before, oldLeafOf, portsOf } from './prove-before.ts';
import { proveConnectionsRenewed } from './prove-connections.ts';
import { throwAwayFor } from './prove-member.ts';
import { readSlot } from './slot-files.ts';

export interface Since {
  before: Before;
  installed: Installed;
}

const lookForMs = 15_000;

/** What the node can prove of its own holder after a change. What the others must see is a step of its own. */
export async function proveChange(work: Work, since: Since): Promise<Proof[]> {
  const { holder } = work;
  switch (holder.kind) {
    case 'member':
      return proveMemberChange(work, holder, since);
    case 'client':
      return proveClientChange(work, holder, since);
    case 'agent':
      return proveAgentChange(work, holder);
  }
}

/** A new process, presenting on both ports what lies on disk, and trusting what its new bundles say and no more. */
async function proveMemberChange(work: Work, member: MemberHolder, since: Since): Promise<Proof[]> {
  const ports = await portsOf(work, member);
  const domains = Object.entries(work.body.prove.oldLeaves) as [Domain, 'accepted' | 'refused'][];
  const proofs = await Promise.all([
    proveNewProcess(work, since),
    ...(['client', 'peer'] as const).map((domain) => provePort(work, member, domain)),
    ...domains.map(async ([domain, old]) => {
      const canary = work.body.prove.canaries[domain];
      const key = work.node.canaries.of(stepKey(work.command), domain);
      const throwAway = await throwAwayFor(domain, member);
      if (!throwAway.ok) return [notProvable('refuses-throw-away', member.holder, throwAway.failure.message)];
      return proveLoaded({
        ...ports(domain),
        ...(canary && key ? { canary: { cert: canary, key } } : {}),
        throwAway: throwAway.value,
        leafInUse: await leavesInUse(work, member, { domain, old }),
        deadlineMs: lookForMs,
      });
    }),
  ]);
  const seenBefore = since.before.proofs.filter(({ what }) => what === 'refused-before');
  return withControl([...seenBefore, ...proofs.flat()], since.before.proofs);
}

/** The leaf that is in use now is accepted; the one from before is accepted until retire and refused afterwards. */
async function leavesInUse(
  work: Work,
  member: MemberHolder,
  { domain, old }: { domain: Domain; old: 'accepted' | 'refused' },
): Promise<LeafInUse[]> {
  const agent = memberOn(work.node, work.command.cluster)?.agent;
  const now = domain === 'client' ? agent && (await accessOf(agent)) : await peerAccessOf(member);
  const before = await oldLeafOf(work, member, domain);
  return [
    ...(now ? [{ cert: now.cert, key: now.key, must: 'accepted' as const }] : []),
    ...(before ? [{ ...before, must: old }] : []),
  ];
}

/** A refusal of the old leaf counts only where the same port accepted it from the same address before. */
function withControl(proofs: Proof[], before: readonly Proof[]): Proof[] {
  return proofs.map((proof) => {
    const control = before.find(({ what, where }) => what === 'accepts-leaf-in-use' && where === proof.where);
    if (proof.what !== 'refuses-old-leaf' || !control || control.verdict === 'proven') return proof;
    const detail = `${proof.detail}, but it was not accepted before either: ${control.detail}`;
    return { ...proof, verdict: 'not-provable', detail };
  });
}

async function proveNewProcess({ holder, body }: Work, { before, installed }: Since): Promise<Proof[]> {
  if (body.taken !== 'restart') return [];
  const process = await processOf(holder);
  const where = holder.holder;
  if (!process && holder.kind === 'client') {
    return [{ what: 'new-process', where, verdict: 'proven', detail: 'it does not run: its next start reads the new files' }];
  }
  const same = process?.pid === before.process?.pid && process?.startedAt === before.process?.startedAt;
  const isNew = startedAfter(process, installed.writtenAt);
  const detail = process
    ? `process ${process.pid} was started ${process.startedAt}, the files were written ${installed.writtenAt.toISOString()}${same && !isNew ? '; it is the process of before' : ''}`
    : 'no process was found';
  return [{ what: 'new-process', where, verdict: isNew ? 'proven' : 'disproven', detail }];
}

async function provePort(work: Work, member: MemberHolder, domain: Domain): Promise<Proof[]> {
  const files = member.slots[domain === 'client' ? 'server-leaf' : 'peer-leaf'];
  const chain = files ? await readSlot(files) : undefined;
  const fingerprint = chain?.ok ? chain.value[0]?.facts.fingerprint : undefined;
  if (!fingerprint) return [notProvable('presents', `${domain} port of ${member.holder}`, 'its leaf cannot be read')];
  const agent = memberOn(work.node, work.command.cluster)?.agent;
  if (domain === 'client') {
    return agent ? provePresents({ url: member.endpoint, ...(await accessOf(agent)), fingerprint, deadlineMs: lookForMs }) : [];
  }
  const { bundle, ...peer } = await peerAccessOf(member);
  return provePresents({ url: member.peerEndpoint, ca: bundle, ...peer, fingerprint, deadlineMs: lookForMs });
}

/** A restarted client is a new process; a reloaded one has opened every connection anew. */
async function proveClientChange(work: Work, client: ClientHolder, since: Since): Promise<Proof[]> {
  const process = await processOf(client);
  const newProcess = await proveNewProcess(work, since);
  if (!process) return newProcess;
  const urls = work.body.prove.members.map(({ clientUrl }) => clientUrl);
  const { connections } = since.before;
  return [
    ...newProcess,
    ...(await proveConnectionsRenewed({ where: client.holder, pid: process.pid, urls, before: connections, deadlineMs: lookForMs })),
  ];
}

/** The agent's own client opens a connection to every member with the files as they lie there now. */
async function proveAgentChange(work: Work, agent: AgentHolder): Promise<Proof[]> {
  const access = await accessOf(agent);
  const each = work.body.prove.members.map(({ clientUrl, 'server-leaf': fingerprint }) =>
    provePresents({ url: clientUrl, ...access, fingerprint, deadlineMs: lookForMs }),
  );
  return (await Promise.all(each)).flat();
}

function notProvable(what: Proof['what'], where: string, detail: string): Proof {
  return { what, where, verdict: 'not-provable', detail };
}
