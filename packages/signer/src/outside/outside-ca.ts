import type { Certificate, Csr } from '@etcd-rotate/pki';
import { type ByUsage, fail, type Names, ok, type Result, type Usage } from '@etcd-rotate/protocol';

/** A CA whose key somebody else has: we ask, and look closely at what comes back. */
export interface OutsideCa {
  /** What it is called beside the CAs that are held. */
  name: string;
  /** Whose key is outside. */
  issuer: Certificate;
  /** What bundles hold: the issuer itself, or the root above it. */
  root: Certificate;
  /** What is sent along behind a leaf: the issuer and those above it, without the root; nothing where that is the issuer. */
  between: readonly Certificate[];
  /** Host and port, for people. */
  host: string;
  /** Has a leaf made. Nothing of the answer is believed yet. */
  issue(order: OutsideOrder): Promise<Result<string>>;
  /** What to look at over there where a leaf is not what was asked for. */
  advice: { [Fault in OutsideFault]: string };
}

/** What of a leaf is decided by the settings of the signer outside. */
export type OutsideFault =
  | 'issuer'
  | 'subject'
  | 'names'
  | 'usages'
  | 'ca'
  | 'life'
  | 'canary-life'
  | 'other';

export interface OutsideOrder {
  kind: 'leaf' | 'canary';
  /** As it came, and read. It has been allowed. */
  csr: { pem: string; read: Csr };
  commonName: string | undefined;
  names: Names;
  usages: readonly Usage[];
  notAfter: Date;
  now: Date;
}

/** The profile or role for leaves of these usages. */
export function nameFor(by: ByUsage, usages: readonly Usage[], where: string): Result<string> {
  if (typeof by === 'string') return ok(by);
  const both = usages.includes('serverAuth') && usages.includes('clientAuth');
  const key = both ? 'serverAndClient' : usages.includes('serverAuth') ? 'server' : 'client';
  const name = by[key];
  if (name !== undefined) return ok(name);
  return fail(
    'outside-signer',
    `coordinator.yaml names no ${where}.${key}, for leaves with ${usages.join(' and ')}`,
    `add ${where}.${key} to the signer`,
  );
}

/** Said of whatever goes wrong with a signer outside. */
export function outsideFailure(
  { name, host }: Pick<OutsideCa, 'name' | 'host'>,
  what: string,
  hint: string,
  retryable = false,
): ReturnType<typeof fail> {
  return fail('outside-signer', `CA ${name}, whose key is outside (${host}): ${what}`, hint, retryable);
}
