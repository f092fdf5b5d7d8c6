import type { Secret } from '@etcd-rotate/protocol';

/** Where a fresh connection goes, and as whom. */
export interface Target {
  /** `https://host:port` */
  url: string;
  /** The bundle (PEM) that verifies the server, or `any`: whoever answers is looked at. */
  ca: string | 'any';
  cert?: string;
  key?: Secret | string;
  /** The address to dial from: a peer port matches it with the SANs of the leaf (facts: etcd, section 4). */
  localAddress?: string;
}
