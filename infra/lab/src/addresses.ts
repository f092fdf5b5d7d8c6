import { createServer } from 'node:net';

export const clientPort = 2379;
export const peerPort = 2380;
export const natsPort = 4222;

export const monitoringPort = 8222;

/** The last byte of the address at which the coordinator's NATS listens; members have 1, 2, 3… */
export const natsHost = 100;

/**
 * A prefix such as `127.41.7` of which nobody uses the addresses that a lab needs. Every lab has addresses instead of
 * ports of its own, so that labs run side by side and etcd listens where it always does.
 */
export async function freeAddresses(members: number): Promise<string> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const base = `127.${between(2, 250)}.${between(0, 255)}`;
    const wanted = Array.from({ length: members }, (_, index) => `${base}.${index + 1}`);
    const free = await Promise.all([
      ...wanted.flatMap((host) => [isFree(host, clientPort), isFree(host, peerPort)]),
      isFree(`${base}.${natsHost}`, natsPort),
    ]);
    if (free.every(Boolean)) return base;
  }
  throw new Error('no free loopback addresses: does this machine answer at 127.0.0.0/8?');
}

function between(low: number, high: number): number {
  return low + Math.floor(Math.random() * (high - low + 1));
}

function isFree(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(false));
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve(true)));
  });
}
