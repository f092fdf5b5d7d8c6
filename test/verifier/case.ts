import type { EtcdVersion } from '@etcd-rotate/lab';

/** What is shown in a handshake: PEM, leaf first. */
export interface Shown {
  chain: string[];
  key: string;
}

/**
 * What the two judges say of a case: the etcd, which is Go and its own rules, and `openssl verify`. Our own verdict must be
 * yes exactly where both say so.
 */
export type Says = 'both accept' | 'both refuse' | 'only etcd accepts' | 'only openssl accepts';

export type Port = 'client' | 'peer';

/** One certificate offered to one verifier, and what comes of it. */
export interface Case {
  /** A rule, in the present tense. */
  rule: string;
  shows: Shown;
  says: Says;
  /** Where a version or a port differs from `says`. */
  except?: Partial<Record<EtcdVersion | Port, Says>>;
  /** Part of the reason that we give; a case that we refuse has to have one. */
  because?: RegExp;
  /** Why we refuse what both accept, where we do. */
  stricter?: string;
  /** The ports that it is offered to; both where not said. */
  ports?: Port[];
  /** The address that it comes from, or the host by which it is dialled. */
  at?: string;
}

/** Cases for one process: what it trusts, and what its ports ask beyond that. */
export interface Group {
  title: string;
  /** Text of the file of trusted CAs, for both ports. */
  bundle: string;
  /** `--peer-cert-allowed-cn` */
  allowedCommonName?: string;
  /** `--client-cert-allowed-hostname` and `--peer-cert-allowed-hostname` */
  allowedHostname?: string;
  /** `--client-crl-file` and `--peer-crl-file` */
  crl?: Uint8Array;
  /** etcd ends at its start with this bundle. */
  doesNotStart?: true;
  /** Offered to its listeners. */
  arrivals?: Case[];
  /** Servers that it dials as peers. */
  servers?: Case[];
}

/** Where a connection comes from when nothing else is said; only `localhost` resolves to it. */
export const here = '127.0.0.1';
export const elsewhere = '127.9.9.9';
