import type { Domain, Fingerprint } from '@etcd-rotate/protocol';
import type { Dialled } from './dial.ts';

/** Between whom a port is dialled, as holders (`member/m1`, `client/agent-n1`); else it is said by what is known. */
export interface Between {
  dialler?: string;
  owner?: string;
}

/** What came of a handshake that did not do what it should: a dial, or what a call over gRPC told of one. */
export type Seen =
  | Exclude<Dialled, { type: 'untrusted' | 'unreachable' }>
  | { type: 'untrusted'; reason: string; fingerprint?: Fingerprint; chain: string[] };

/** Whose leaf was dialled with. A canary has the names of the leaf in use, and no slot of its own. */
export type LeafRole = 'own' | 'in-use' | 'old' | 'canary' | 'throw-away';

/** One handshake: who dialled whom with what, and what came of it. */
export interface Handshake extends Between {
  domain: Domain;
  url: string;
  /** The leaf (PEM, with what travels behind it) that was dialled with. */
  leaf?: { cert: string; role: LeafRole };
  /** What the port was verified with, PEM. */
  bundle: string | 'any';
  /** The address it was dialled from. */
  from?: string;
  /** The leaf that the port was to show. */
  expected?: Fingerprint;
  /** The CAs that the running process behind the port says it has loaded, as `CertificateFacts` says names. */
  listed?: readonly string[];
  seen: Seen;
}
