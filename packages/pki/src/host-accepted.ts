import { isIP } from 'node:net';
import type { Certificate } from './certificate.ts';
import { canonicalIp } from './ip.ts';

/**
 * Whether a client that connects to this host accepts the certificate's names, as both Go and OpenSSL decide it: subject
 * alternative names only, an address only among the addresses, a wildcard for exactly one whole left label and with two
 * more behind it. A dot at the end of the host does not count, one at the end of a name makes it another.
 */
export function hostAccepted({ facts: { names } }: Pick<Certificate, 'facts'>, host: string): boolean {
  const bare = host.replace(/^\[(.*)\]$/, '$1');
  if (isIP(bare)) {
    const address = canonicalIp(bare);
    return address !== undefined && names.ip.some((ip) => ip === address || canonicalIp(ip) === address);
  }
  const wanted = labels(bare.replace(/\.$/, ''));
  return wanted.every((label) => label !== '') && names.dns.some((name) => matches(labels(name), wanted));
}

function matches(pattern: string[], wanted: string[]): boolean {
  return (
    pattern.length === wanted.length &&
    pattern.every(
      (label, index) => label === wanted[index] || (label === '*' && index === 0 && pattern.length > 2),
    )
  );
}

function labels(name: string): string[] {
  return name.toLowerCase().split('.');
}
