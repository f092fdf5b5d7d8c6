import { execFileSync } from 'node:child_process';

/** A certificate as openssl tells it to a person. */
export function textOf(certificate: string): string {
  return openssl(['x509', '-in', certificate, '-noout', '-text']);
}

/** Seconds from the first to the last moment at which a certificate is valid. */
export function lifetimeOf(certificate: string): number {
  const [from = '', to = ''] = ['-startdate', '-enddate'].map((which) =>
    openssl(['x509', '-in', certificate, '-noout', which]).trim().replace(/^.*=/, ''),
  );
  return (Date.parse(to) - Date.parse(from)) / 1000;
}

export function openssl(args: readonly string[]): string {
  return execFileSync('openssl', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
