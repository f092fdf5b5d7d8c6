import { dial, lookAt } from '@etcd-rotate/etcd';
import {
  type Failure,
  fail,
  type HolderObservation,
  type NodeObservation,
  type Slot,
  type SlotOnDisk,
  slots as slotKinds,
} from '@etcd-rotate/protocol';
import { type Access, accessOf, peerAccessOf } from './access.ts';
import { problemsOfFiles, problemsOfProcess } from './check-holder.ts';
import { effectiveFlags } from './effective-flags.ts';
import { sinceOf } from './generations.ts';
import {
  type AgentHolder,
  certificateFile,
  type Holder,
  type MemberHolder,
  type SlotFiles,
} from './holders.ts';
import { startedSince } from './moment.ts';
import { holdersIn, memberOn, type Node } from './node.ts';
import { clientNotFound, processOf } from './process-of.ts';
import { asSeen, type Process } from './processes.ts';
import { asKnown, readSlot } from './slot-files.ts';

/** What this node sees of a cluster: files, processes, and what its member says. Nothing is changed. */
export async function observeNode(node: Node, cluster: string): Promise<NodeObservation> {
  const [first, ...others] = await Promise.all(
    holdersIn(node, cluster).map((holder) => observeHolder(node, holder)),
  );
  const { fault } = node.state;
  // Of the node itself, and told with the first holder: a plan is refused for it.
  const told = first && fault ? { ...first, problems: [fault, ...first.problems] } : first;
  return { node: node.name, at: node.now().toISOString(), holders: told ? [told, ...others] : [] };
}

async function observeHolder(node: Node, holder: Holder): Promise<HolderObservation> {
  const process = await processOf(holder);
  const problems = await problemsOfFiles(holder, node.holders);
  const slots = await slotsOnDisk(holder, process);
  const common = { holder: holder.holder, slots, ...(process ? { process: asSeen(process) } : {}) };
  switch (holder.kind) {
    case 'member': {
      const agent = memberOn(node, holder.cluster)?.agent;
      const seen = await observeMember(holder, { agent, process, slots });
      return { ...common, takes: 'restart', ...seen, problems: [...problems, ...seen.problems] };
    }
    case 'client': {
      const missing = process ? [] : [clientNotFound(holder)];
      const takes = holder.restart ? 'restart' : 'reload';
      return { ...common, takes, problems: [...missing, ...problems] };
    }
    case 'agent':
      return { ...common, takes: 'by-itself', problems };
  }
}

async function slotsOnDisk(
  holder: Holder,
  process: Process | undefined,
): Promise<Partial<Record<Slot, SlotOnDisk>>> {
  const found = await Promise.all(
    (Object.entries(holder.slots) as [Slot, SlotFiles][]).map(async ([slot, files]) => {
      const read = await readSlot(files);
      if (!read.ok) return [];
      const certificates = read.value.map(asKnown);
      if (slotKinds[slot].holds === 'leaf') return [[slot, { chain: certificates }] as const];
      return [[slot, { bundle: certificates, loaded: await isLoaded(holder, files, process) }] as const];
    }),
  );
  return Object.fromEntries(found.flat());
}

/** A holder that reloads says itself when it has read its files; one that has no process reads them at its start. */
async function isLoaded(holder: Holder, files: SlotFiles, process: Process | undefined): Promise<boolean> {
  if (holder.kind === 'agent' || (holder.kind === 'client' && (holder.reload || !process))) return true;
  const since = await sinceOf(certificateFile(files)).catch(() => undefined);
  return since !== undefined && startedSince(process, since);
}

interface SeenSoFar {
  agent: AgentHolder | undefined;
  process: Process | undefined;
  slots: Partial<Record<Slot, SlotOnDisk>>;
}

async function observeMember(
  member: MemberHolder,
  { agent, process, slots }: SeenSoFar,
): Promise<Pick<HolderObservation, 'status' | 'flags' | 'endpoint' | 'peerEndpoint' | 'problems'>> {
  const { endpoint, peerEndpoint } = member;
  const problems: Failure[] = [];
  if (!process) {
    const where = member.pidFile ? `the pid file ${member.pidFile}` : `${endpoint} on this node`;
    const message = `${member.holder}: no process belongs to ${where}`;
    problems.push(fail('process-not-found', message, 'start it, or correct the agent file').failure);
  }
  const flags = process ? await effectiveFlags(process.pid).catch(() => undefined) : undefined;
  if (process && flags) problems.push(...(await problemsOfProcess(member, process.pid, flags)));
  const found = agent ? await accessOf(agent) : undefined;
  const access = found?.ok ? found.value : undefined;
  const status = access && process ? await lookAt({ endpoint, ...access, deadlineMs: 3000 }) : undefined;
  if (status && !status.ok)
    problems.push({ ...status.failure, message: `${member.holder}: ${status.failure.message}` });
  if (access && process && status?.ok) problems.push(...(await whatIsServed(member, access, slots)));
  return {
    endpoint,
    peerEndpoint,
    problems,
    ...(flags ? { flags } : {}),
    ...(status?.ok ? { status: status.value } : {}),
  };
}

/** What each port presents to a fresh connection is what lies on disk. */
async function whatIsServed(
  member: MemberHolder,
  access: Access,
  slots: Partial<Record<Slot, SlotOnDisk>>,
): Promise<Failure[]> {
  const timeoutMs = 3000;
  const peer = await peerAccessOf(member);
  // What is wrong with its files is among the problems already.
  if (!peer.ok) return [];
  const { bundle, pair, localAddress } = peer.value;
  const from = localAddress ? { localAddress } : {};
  const [server, peers] = await Promise.all([
    dial({ url: member.endpoint, ...access, timeoutMs }),
    dial({ url: member.peerEndpoint, ca: bundle, ...pair, ...from, timeoutMs }),
  ]);
  return [...mismatch(member, 'server-leaf', server, slots), ...mismatch(member, 'peer-leaf', peers, slots)];
}

function mismatch(
  { holder }: MemberHolder,
  slot: Slot,
  seen: Awaited<ReturnType<typeof dial>>,
  slots: Partial<Record<Slot, SlotOnDisk>>,
): Failure[] {
  if (seen.type !== 'accepted') {
    const why = 'reason' in seen ? seen.reason : 'alert' in seen ? seen.alert : 'closed without a word';
    const port = slot === 'server-leaf' ? 'client' : 'peer';
    return [
      fail(
        'not-reached',
        `${holder}: its ${port} port does not let this node's own leaf in (${seen.type}: ${why})`,
        'look at the log of that member for the rejected connection',
      ).failure,
    ];
  }
  const onDisk = slots[slot];
  const expected = onDisk && 'chain' in onDisk ? onDisk.chain[0]?.facts.fingerprint : undefined;
  if (seen.fingerprint === expected) return [];
  return [
    fail(
      'not-presented',
      `${holder}: what is served (${seen.fingerprint.slice(0, 16)}…) is not the ${slot} on disk (${expected?.slice(0, 16)}…)`,
      'the endpoint in the agent file may belong to another process',
    ).failure,
  ];
}
