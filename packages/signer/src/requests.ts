import type { NameFields, RawName } from '@etcd-rotate/pki';
import type { KeyKind, Names, Secret, Usage } from '@etcd-rotate/protocol';
import type { Allowed } from './may-sign.ts';

/** A CA to be made. */
export interface CaOrder {
  name: string;
  subject: NameFields & { commonName: string };
  keyKind: KeyKind;
  notBefore: Date;
  notAfter: Date;
}

/** A CA that is in use already, to be taken over. */
export interface Adoption {
  name: string;
  /** PEM. */
  certificate: string;
  key: Secret;
}

export interface LeafRequest {
  /** The name of the CA. */
  ca: string;
  /** PEM. */
  csr: string;
  allowed: Allowed;
  notBefore: Date;
  notAfter: Date;
  /** Until when it has to be of use: a signer outside may have ideas of its own of how long a leaf lives. */
  neededUntil: Date;
}

export interface CanaryRequest extends Omit<LeafRequest, 'allowed'> {
  /** The usages follow from the domain. */
  allowed: Omit<Allowed, 'usages'>;
  /** Whose ports are to be tried, and for which step. */
  canary: CanaryPlace;
}

export interface CanaryPlace {
  rotation: string;
  step: string;
  holder: string;
  domain: 'client' | 'peer';
}

/**
 * Whether the step is under way and has no canary for these ports yet. Asked by the signer itself: without etcd auth a canary
 * of the client port is full access to etcd, and nobody gets one who only asks nicely.
 */
export type IsUnderWay = (place: CanaryPlace) => boolean;

/** A leaf to prove a plan with. */
export interface SpecimenOrder {
  /** The name of the CA. */
  ca: string;
  subject: RawName;
  names: Names;
  usages: Usage[];
  notBefore: Date;
  notAfter: Date;
}
