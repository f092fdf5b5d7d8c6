import { X509Certificate } from 'node:crypto';
import { Secret } from '@etcd-rotate/protocol';

/** A leaf (with what travels behind it) and its key, both PEM. */
export interface KeyPair {
  cert: string;
  key: Secret | string;
}

export function revealed(key: Secret | string): string {
  return key instanceof Secret ? key.reveal() : key;
}

/**
 * Why a leaf can prove nothing at the moment, if so. Everybody refuses an expired one, and Go 1.19 (etcd 3.4) with the
 * same alert as one of an unknown CA.
 */
export function outOfDate({ cert }: KeyPair, now: number = Date.now()): string | undefined {
  try {
    const leaf = new X509Certificate(cert);
    if (now < leaf.validFromDate.getTime()) return `the leaf is not valid before ${leaf.validFrom}`;
    if (now > leaf.validToDate.getTime()) return `the leaf expired on ${leaf.validTo}`;
    return undefined;
  } catch {
    return 'the leaf cannot be read';
  }
}
