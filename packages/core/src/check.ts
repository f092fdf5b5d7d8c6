import type {
  Failure,
  FleetCluster,
  KnownCertificate,
  NodeObservation,
  RotationRequest,
} from '@etcd-rotate/protocol';

export interface CheckInput {
  cluster: FleetCluster;
  request: RotationRequest;
  observations: readonly NodeObservation[];
  /** Nodes that were asked and did not answer, with why. */
  missing: readonly Failure[];
  /** When the nodes were asked. */
  askedAt: string;
  /** When the last of them had answered. */
  now: string;
  /** Whether a certificate's names cover a host (a DNS name or an address). */
  covers(certificate: KnownCertificate, host: string): boolean;
}

/** A named rule that may refuse a plan; it gives failures or nothing. What it could not look at, it refuses. */
export type Check = (input: CheckInput) => Failure[];
