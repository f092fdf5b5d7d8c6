import { checkServerIdentity, type PeerCertificate } from 'node:tls';

/**
 * Checks that a server's certificate is for one of the hosts that we dial, by name or by address.
 *
 * The `nats` package gives TLS a host only when that is a name. For an address, Node would then check the certificate
 * against `localhost`: refuse the right one, and accept one for localhost from anywhere.
 */
export function identityOf(
  servers: string[],
): (host: string, certificate: PeerCertificate) => Error | undefined {
  const hosts = servers.map((server) => new URL(server).hostname.replace(/^\[|\]$/g, ''));
  return (_host, certificate) => {
    const refusals = hosts.map((host) => checkServerIdentity(host, certificate));
    return refusals.includes(undefined) ? undefined : refusals[0];
  };
}
