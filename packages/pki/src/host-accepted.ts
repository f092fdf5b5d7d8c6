import { isIP } from 'node:net';
import type { Certificate } from './certificate.ts';
import { canonicalIp } from './ip.ts';

/**
 * Whether a client that connects to this host accepts the certificate's names, as Go decides it: subject alternative
 * names only, an address only among the addresses, a wildcard for exactly one whole left label.
 */
export function hostAccepted(certificate: Certificate, host: string): boolean {
  const { names } = certificate.facts;
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare)) {
    const address = canonicalIp(bare);
    return address !== undefined && names.ip.includes(address);
  }
  const wanted = labels(bare);
  return wanted.every((label) => label !== '') && names.dns.some((name) => matches(labels(name), wanted));
}

function matches(pattern: string[], wanted: string[]): boolean {
  return (
    pattern.length === wanted.length &&
    pattern.every(
      (label, index) => label === wanted[index] || (label === '*' && index === 0 && pattern.length > 1),
    )
  );
}

function labels(name: string): string[] {
  return name.toLowerCase().replace(/\.$/, '').split('.');
}
