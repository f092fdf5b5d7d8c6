import type { RotationRequest } from '@etcd-rotate/protocol';

/** Both domains of the cluster `main` to new CAs. */
export function aRequest(wish: Partial<RotationRequest> = {}): RotationRequest {
  return {
    cluster: 'main',
    domains: ['client', 'peer'],
    strategy: 'staged',
    targets: {},
    acceptDowntime: false,
    leaves: 'all',
    retire: [],
    reissue: false,
    confirmRetire: false,
    ...wish,
  };
}

/** The way to CAs that the coordinator holds: in half-done starts, and back. */
export function aRequestFor(ca: string, peerCa: string = ca): RotationRequest {
  return aRequest({ targets: { client: ca, peer: peerCa } });
}
