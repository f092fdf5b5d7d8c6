import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { isIP } from 'node:net';
import { canonicalIp } from '@etcd-rotate/pki';
import { addressesOf } from './resolves.ts';

/**
 * The addresses from which connections to these URLs come: what the kernel would choose, since nobody binds his dialling
 * side. A socket of UDP is told by connecting it, and nothing is sent. A member in a network namespace of its own may
 * come from elsewhere.
 */
export async function dialsFrom(urls: readonly string[]): Promise<string[]> {
  const hosts = [...new Set(urls.map((url) => new URL(url).hostname.replace(/^\[|\]$/g, '')))];
  const targets = await Promise.all(hosts.map((host) => (isIP(host) ? [host] : addressesOf(host))));
  const sources = await Promise.all([...new Set(targets.flat())].map(sourceTo));
  return [...new Set(sources.flat())].sort();
}

/** None where there is no way there. */
async function sourceTo(address: string): Promise<string[]> {
  const socket = createSocket(isIP(address) === 6 ? 'udp6' : 'udp4');
  try {
    socket.connect(9, address);
    await once(socket, 'connect');
    return [canonicalIp(socket.address().address) ?? []].flat();
  } catch {
    return [];
  } finally {
    socket.close();
  }
}
