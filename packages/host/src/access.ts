import { readFile } from 'node:fs/promises';
import type { KeyPair } from '@etcd-rotate/etcd';
import { hostAccepted } from '@etcd-rotate/pki';
import type { Expected } from '@etcd-rotate/protocol';
import type { AgentHolder, MemberHolder } from './holders.ts';
import { readSlot } from './slot-files.ts';

/** The agent's own etcd client as it lies on disk now: read anew for each probe. */
export interface Access extends KeyPair {
  ca: string;
}

export async function accessOf({ slots }: AgentHolder): Promise<Access> {
  const leaf = slots['client-leaf'];
  const bundle = slots['server-bundle'];
  if (!leaf || 'ca' in leaf || !bundle || !('ca' in bundle)) throw new Error('the agent client has no files');
  const [cert, key, ca] = await Promise.all([leaf.cert, leaf.key, bundle.ca].map((path) => readFile(path, 'utf8')));
  return { cert: cert ?? '', key: key ?? '', ca: ca ?? '' };
}

/** The member's own peer leaf and bundle, and the address its process dials from. */
export async function peerAccessOf(
  member: MemberHolder,
): Promise<KeyPair & { bundle: string; localAddress?: string }> {
  const leaf = member.slots['peer-leaf'];
  const bundle = member.slots['peer-bundle'];
  if (!leaf || 'ca' in leaf || !bundle || !('ca' in bundle)) throw new Error('the member has no peer files');
  const [cert, key, ca] = await Promise.all([leaf.cert, leaf.key, bundle.ca].map((path) => readFile(path, 'utf8')));
  const address = await peerAddressOf(member);
  return { cert: cert ?? '', key: key ?? '', bundle: ca ?? '', ...(address ? { localAddress: address } : {}) };
}

/**
 * The address to dial peers from: the member's own, where its peer leaf names it (a peer port compares the source
 * address with the SANs: facts, etcd, section 4). Where it does not, the kernel chooses, as it does for etcd.
 */
export async function peerAddressOf({ peerEndpoint, slots }: MemberHolder): Promise<string | undefined> {
  const host = new URL(peerEndpoint).hostname.replace(/^\[|\]$/g, '');
  const files = slots['peer-leaf'];
  const chain = files ? await readSlot(files) : undefined;
  const leaf = chain?.ok ? chain.value[0] : undefined;
  return leaf && /^[\d.]+$|:/.test(host) && hostAccepted(leaf, host) ? host : undefined;
}

export function withoutSelf(members: readonly Expected[], self: MemberHolder): Expected[] {
  return members.filter(({ holder }) => holder !== self.holder);
}
