import { dial, lookAt } from '@etcd-rotate/etcd';
import {
  type Failure,
  fail,
  type HolderObservation,
  type NodeObservation,
  type ProcessSeen,
  type Slot,
  type SlotOnDisk,
  slots as slotKinds,
} from '@etcd-rotate/protocol';
import { type Access, accessOf, peerAccessOf } from './access.ts';
import { problemsOfFiles, problemsOfProcess } from './check-holder.ts';
import { effectiveFlags } from './effective-flags.ts';
import type { AgentHolder, Holder, MemberHolder, SlotFiles } from './holders.ts';
import { holdersIn, memberOn, type Node } from './node.ts';
import { processListeningOn, processOfPidFile } from './processes.ts';
import { asKnown, readSlot, writtenAt } from './slot-files.ts';

/** What this node sees of a cluster: files, processes, and what its member says. Nothing is changed. */
export async function observeNode(node: Node, cluster: string): Promise<NodeObservation> {
  const holders = await Promise.all(holdersIn(node, cluster).map((holder) => observeHolder(node, holder)));
  return { node: node.name, at: node.now().toISOString(), holders };
}

async function observeHolder(node: Node, holder: Holder): Promise<HolderObservation> {
  const process = await processOf(holder);
  const problems = await problemsOfFiles(holder);
  const slots = await slotsOnDisk(holder, process);
  const common = { holder: holder.holder, slots, ...(process ? { process } : {}) };
  switch (holder.kind) {
    case 'member': {
      const agent = memberOn(node, holder.cluster)?.agent;
      const seen = await observeMember(holder, { agent, process, slots });
      return { ...common, takes: 'restart', ...seen, problems: [...problems, ...seen.problems] };
    }
    case 'client':
      return { ...common, takes: holder.restart ? 'restart' : 'reload', problems };
    case 'agent':
      return { ...common, takes: 'by-itself', problems };
  }
}

export async function processOf(holder: Holder): Promise<ProcessSeen | undefined> {
  switch (holder.kind) {
    case 'member':
      return holder.pidFile ? processOfPidFile(holder.pidFile) : processListeningOn(holder.endpoint);
    case 'client':
      return processOfPidFile(holder.pidFile);
    case 'agent':
      return undefined;
  }
}

async function slotsOnDisk(
  holder: Holder,
  process: ProcessSeen | undefined,
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
async function isLoaded(holder: Holder, files: SlotFiles, process: ProcessSeen | undefined): Promise<boolean> {
  if (holder.kind === 'agent' || (holder.kind === 'client' && (holder.reload || !process))) return true;
  if (!process) return false;
  return Date.parse(process.startedAt) > (await writtenAt(files)).getTime();
}

interface SeenSoFar {
  agent: AgentHolder | undefined;
  process: ProcessSeen | undefined;
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
  if (process && flags) problems.push(...(await problemsOfProcess(member, process, flags)));
  const access = agent ? await accessOf(agent).catch(() => undefined) : undefined;
  const status = access && process ? await lookAt({ endpoint, ...access, deadlineMs: 3000 }) : undefined;
  if (status && !status.ok) problems.push({ ...status.failure, message: `${member.holder}: ${status.failure.message}` });
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
  const { bundle, ...peer } = await peerAccessOf(member);
  const [server, peers] = await Promise.all([
    dial({ url: member.endpoint, ...access, timeoutMs }),
    dial({ url: member.peerEndpoint, ca: bundle, ...peer, timeoutMs }),
  ]);
  return [
    ...mismatch(member, 'server-leaf', server, slots),
    ...mismatch(member, 'peer-leaf', peers, slots),
  ];
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
