import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import type { Fingerprint } from '@etcd-rotate/protocol';

/** What a server showed: its leaf's fingerprint, and the chain as far as it leads, leaf first. */
export interface Presented {
  fingerprint: Fingerprint;
  chain: string[];
}

export function presentedBy(socket: TLSSocket): Presented | undefined {
  const leaf = socket.getPeerX509Certificate();
  if (!leaf) return undefined;
  const chain: X509Certificate[] = [];
  for (let next: X509Certificate | undefined = leaf; next; next = next.issuerCertificate) {
    const known = next;
    if (chain.some((earlier) => earlier.fingerprint256 === known.fingerprint256)) break;
    chain.push(next);
  }
  return {
    fingerprint: leaf.fingerprint256.replaceAll(':', '').toLowerCase(),
    chain: chain.map((certificate) => certificate.toString()),
  };
}
