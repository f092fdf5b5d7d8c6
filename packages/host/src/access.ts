import { hostAccepted } from '@etcd-rotate/pki';
import { type Expected, fail, ok, type Result } from '@etcd-rotate/protocol';
import type { AgentHolder, MemberHolder, SlotFiles } from './holders.ts';
import { type Pair, readPair, readSlot, readText } from './slot-files.ts';

/** The agent's own etcd client as it lies on disk now: read anew for each probe. */
export interface Access extends Pair {
  ca: string;
}

export async function accessOf({ slots }: AgentHolder): Promise<Result<Access>> {
  const read = await readFiles(slots['client-leaf'], slots['server-bundle']);
  return read.ok ? ok({ ...read.value.pair, ca: read.value.bundle }) : read;
}

export interface PeerAccess {
  pair: Pair;
  bundle: string;
  localAddress?: string;
}

/** The member's own peer leaf and bundle, and the address its process dials from. */
export async function peerAccessOf(member: MemberHolder): Promise<Result<PeerAccess>> {
  const read = await readFiles(member.slots['peer-leaf'], member.slots['peer-bundle']);
  if (!read.ok) return read;
  const address = await peerAddressOf(member);
  return ok({ ...read.value, ...(address ? { localAddress: address } : {}) });
}

/**
 * The address to dial peers from: the member's own, where its peer leaf names it (a peer port compares the source
 * address with the SANs: facts, etcd, section 4). Where it does not, the kernel chooses, as it does for etcd.
 */
async function peerAddressOf({ peerEndpoint, slots }: MemberHolder): Promise<string | undefined> {
  const host = new URL(peerEndpoint).hostname.replace(/^\[|\]$/g, '');
  const files = slots['peer-leaf'];
  const chain = files ? await readSlot(files) : undefined;
  const leaf = chain?.ok ? chain.value[0] : undefined;
  return leaf && /^[\d.]+$|:/.test(host) && hostAccepted(leaf, host) ? host : undefined;
}

export function withoutSelf(members: readonly Expected[], self: MemberHolder): Expected[] {
  return members.filter(({ holder }) => holder !== self.holder);
}

async function readFiles(
  leaf: SlotFiles | undefined,
  bundle: SlotFiles | undefined,
): Promise<Result<{ pair: Pair; bundle: string }>> {
  if (!leaf || !bundle || !('ca' in bundle)) {
    return fail('internal', 'a holder has no leaf or bundle', 'please report this');
  }
  const [pair, ca] = [await readPair(leaf), await readText(bundle.ca)];
  if (!pair.ok) return pair;
  return ca.ok ? ok({ pair: pair.value, bundle: ca.value }) : ca;
}
