import type { NameFields, RawName, Secret } from '@etcd-rotate/pki';
import type { KeyKind, Names, Usage } from '@etcd-rotate/protocol';
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
}

export interface CanaryRequest extends Omit<LeafRequest, 'allowed'> {
  /** The usages follow from the domain. */
  allowed: Omit<Allowed, 'usages'>;
  /** Whose ports are to be tried. */
  domain: 'client' | 'peer';
}

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
