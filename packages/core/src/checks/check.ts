import type {
  Failure,
  FailureCode,
  FleetCluster,
  KnownCertificate,
  NodeObservation,
  RotationRequest,
} from '@etcd-rotate/protocol';
import type { Verify } from '../trust.ts';

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
  /** CAs whose keys the coordinator holds, by name. */
  held: ReadonlyMap<string, KnownCertificate>;
  verify: Verify;
  /** Whether a certificate's names cover a host (a DNS name or an address). */
  covers(certificate: KnownCertificate, host: string): boolean;
}

/**
 * A named rule that may refuse a plan, or that warns of something a person should know before he agrees. What a check
 * could not look at, it says: unknown is unsafe.
 */
export interface Check {
  /** In docs/failures.md under this name. */
  name: string;
  severity: 'refuses' | 'warns';
  codes: readonly FailureCode[];
  /** Pure; gives failures or nothing. */
  look(input: CheckInput): Failure[];
}
