import type { JoinRequest } from '@etcd-rotate/protocol';

/** What a token is shown for: that this node shall have these keys. */
export function tokenClaim({
  fleet,
  node,
  nkey,
  publicKey,
}: Pick<JoinRequest, 'fleet' | 'node' | 'nkey' | 'publicKey'>): Uint8Array {
  return new TextEncoder().encode(JSON.stringify([fleet, node, nkey, publicKey]));
}
