import { createHash } from 'node:crypto';
import type { Contents, Verify } from '@etcd-rotate/core';
import { type Certificate, createVerifier, hostAccepted, readCertificates } from '@etcd-rotate/pki';
import type { KnownCertificate } from '@etcd-rotate/protocol';

/** Certificates as core asks about them: read once each, signatures checked once each. */
export interface Certificates {
  verify: Verify;
  covers(certificate: KnownCertificate, host: string): boolean;
  read(certificate: KnownCertificate): Certificate[];
}

export function certificates(now: () => Date): Certificates {
  const cache = new Map<string, Certificate[]>();
  const verifier = createVerifier();
  const read = ({ pem }: KnownCertificate): Certificate[] => {
    const known = cache.get(pem);
    if (known) return known;
    const parsed = readCertificates(pem);
    const certificates = parsed.ok ? parsed.value : [];
    cache.set(pem, certificates);
    return certificates;
  };
  const all = (contents: Contents): Certificate[] => contents.flatMap(read);
  return {
    read,
    verify: (chain, bundle, purpose) =>
      verifier.accepts({ chain: all(chain), bundle: all(bundle), purpose, at: now() }),
    covers: (certificate, host) => {
      const [leaf] = read(certificate);
      return leaf !== undefined && hostAccepted(leaf, host);
    },
  };
}

export function hash(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
