import { acceptableIssuers, dial, type Greeting, lookClosely } from '@etcd-rotate/etcd';
import {
  type Domain,
  type Failure,
  fail,
  type HolderObservation,
  type MemberStatus,
} from '@etcd-rotate/protocol';
import { type Access, accessOf, peerAccessOf } from './access.ts';
import { problemsOfProcess } from './check-holder.ts';
import { problemsOfRestart } from './check-restart.ts';
import { dialsFrom } from './dials-from.ts';
import { effectiveFlags } from './effective-flags.ts';
import type { AgentHolder, MemberHolder } from './holders.ts';
import { unreadableKeys } from './key-unreadable.ts';
import { managedByOthers } from './operator-managed.ts';
import { memberNotFound } from './process-of.ts';
import type { Process } from './processes.ts';
import { resolvesOf } from './resolves.ts';
import { revokedBy } from './revoked.ts';
import { type SlotsOnDisk, slotsOnDisk, withGreetings } from './slots-on-disk.ts';

/** How long any one of the looks at a port may take; they are all under way together. */
const timeoutMs = 3000;

export interface MemberSeen {
  observation: Omit<HolderObservation, 'holder' | 'takes' | 'process'>;
  /** Of its database file, where it could be asked. */
  dbBytes: number | undefined;
}

/** What a member has on disk, was started with, shows at its ports and says of itself. */
export async function observeMember(
  member: MemberHolder,
  agent: AgentHolder | undefined,
  process: Process | undefined,
): Promise<MemberSeen> {
  const { endpoint, peerEndpoint } = member;
  const access = agent ? await accessOf(agent) : undefined;
  const as = process && access?.ok ? access.value : undefined;
  const [onDisk, startedWith, client, peer, look, dialled] = await Promise.all([
    slotsOnDisk(member, process),
    process ? ofProcess(member, process) : withoutProcess(member),
    process ? acceptableIssuers({ url: endpoint, timeoutMs }) : {},
    process ? acceptableIssuers({ url: peerEndpoint, timeoutMs }) : {},
    as ? lookClosely({ endpoint, ...as, deadlineMs: timeoutMs }) : undefined,
    as ? dialPorts(member, as) : notDialled,
  ]);
  const slots = withGreetings(onDisk, {
    client: greeted(client, dialled.client),
    peer: greeted(peer, dialled.peer),
  });
  const { problems, ...ofFlags } = startedWith;
  const status = look?.ok ? look.value.status : undefined;
  return {
    observation: {
      ...ofFlags,
      slots,
      endpoint,
      peerEndpoint,
      ...(status && { status, ...(await dialling(status, slots)) }),
      problems: [
        ...problems,
        ...refused(member, look),
        ...(mayBeAsked(look) ? notReached(member, dialled) : []),
      ],
    },
    dbBytes: look?.ok ? look.value.dbBytes : undefined,
  };
}

async function withoutProcess(member: MemberHolder): Promise<{ problems: Failure[] }> {
  const [restart, managed] = await Promise.all([problemsOfRestart(member), managedByOthers(member)]);
  return { problems: [memberNotFound(member), ...restart, ...managed] };
}

async function ofProcess(
  member: MemberHolder,
  process: Process,
): Promise<Pick<HolderObservation, 'flags' | 'revoked' | 'problems'>> {
  const { pid } = process;
  const flags = await effectiveFlags(pid).catch(() => undefined);
  const [restart, differing, unreadable, managed, crls] = await Promise.all([
    problemsOfRestart(member, process),
    flags ? problemsOfProcess(member, pid, flags) : [],
    unreadableKeys(member, pid, flags),
    managedByOthers(member, pid, flags),
    flags ? revokedBy(member, pid, flags) : { problems: [] },
  ]);
  // Seen in the mounts of the process and in those of its container: once is enough.
  const isSeen = differing.some(({ code }) => code === 'single-file-mount');
  const ofRestart = restart.filter(({ code }) => !isSeen || code !== 'single-file-mount');
  const { problems, ...revoked } = crls;
  return {
    ...(flags && { flags }),
    ...revoked,
    problems: [...ofRestart, ...differing, ...unreadable, ...managed, ...problems],
  };
}

/** From where it dials the other members, and what the names in its peer leaf are worth there. */
async function dialling(
  { members, memberId }: MemberStatus,
  slots: SlotsOnDisk,
): Promise<Pick<HolderObservation, 'dialsFrom' | 'resolves'>> {
  const others = members.filter(({ id }) => id !== memberId).flatMap(({ peerUrls }) => peerUrls);
  const from = await dialsFrom(others);
  const peerLeaf = slots['peer-leaf'];
  const leaf = peerLeaf && 'chain' in peerLeaf ? peerLeaf.chain[0] : undefined;
  const resolves = leaf ? await resolvesOf(leaf.facts.names, from) : undefined;
  return { dialsFrom: from, ...(resolves && { resolves }) };
}

type Looked = Awaited<ReturnType<typeof lookClosely>> | undefined;

/** Where it does not answer at all, its ports have nothing to add. */
function mayBeAsked(look: Looked): boolean {
  return look === undefined || look.ok || look.failure.code === 'permission-missing';
}

function refused({ holder }: MemberHolder, look: Looked): Failure[] {
  const failure = look?.ok ? look.value.notAllowed : look?.failure;
  return failure ? [{ ...failure, message: `${holder}: ${failure.message}` }] : [];
}

type Dialled = Awaited<ReturnType<typeof dial>>;
type Ports = Partial<Record<Domain, Dialled>>;
const notDialled: Ports = {};

/** Both ports, dialled with the leaf that the node itself has for them. */
async function dialPorts(member: MemberHolder, access: Access): Promise<Ports> {
  const peer = await peerAccessOf(member);
  // What is wrong with its files is among the problems already.
  if (!peer.ok) return {};
  const { bundle, pair, localAddress } = peer.value;
  const from = localAddress ? { localAddress } : {};
  const [atClient, atPeer] = await Promise.all([
    dial({ url: member.endpoint, ...access, timeoutMs }),
    dial({ url: member.peerEndpoint, ca: bundle, ...pair, ...from, timeoutMs }),
  ]);
  return { client: atClient, peer: atPeer };
}

/** A port that speaks TLS 1.3 alone tells nothing in the clear, and shows its leaf to whom it lets in. */
function greeted(greeting: Greeting, dialled: Dialled | undefined): Greeting {
  const served = greeting.served ?? (dialled && 'fingerprint' in dialled ? dialled.fingerprint : undefined);
  return { ...greeting, ...(served !== undefined && { served }) };
}

function notReached({ holder }: MemberHolder, dialled: Ports): Failure[] {
  return (Object.entries(dialled) as [Domain, Dialled][]).flatMap(([port, seen]) => {
    if (seen.type === 'accepted') return [];
    const why = 'reason' in seen ? seen.reason : 'alert' in seen ? seen.alert : 'closed without a word';
    return fail(
      'not-reached',
      `${holder}: its ${port} port does not let this node's own leaf in (${seen.type}: ${why})`,
      'look at the log of that member for the rejected connection',
    ).failure;
  });
}
