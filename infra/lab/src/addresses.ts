import { createServer, type Server } from 'node:net';

export const clientPort = 2379;
export const peerPort = 2380;
export const natsPort = 4222;

export const monitoringPort = 8222;

/** The last byte of the address at which the coordinator's NATS listens; members have 1, 2, 3… */
export const natsHost = 100;

/** Where somebody listens whose all of the addresses are. */
const claim = { host: 254, port: 2378 };

/**
 * A prefix such as `127.41.7` of which nobody uses the addresses that a lab needs. Every lab has addresses instead of
 * ports of its own, so that labs run side by side and etcd listens where it always does.
 */
export async function freeAddresses(members: number): Promise<string> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const base = await claimAddresses();
    const wanted = Array.from({ length: members }, (_, index) => `${base}.${index + 1}`);
    // A lab that was kept outlives the process that had claimed its addresses.
    const free = await Promise.all([
      ...wanted.flatMap((host) => [isFree(host, clientPort), isFree(host, peerPort)]),
      isFree(`${base}.${natsHost}`, natsPort),
    ]);
    if (free.every(Boolean)) return base;
  }
  throw new Error('no free loopback addresses: does this machine answer at 127.0.0.0/8?');
}

/**
 * A prefix such as `127.41.7` that nobody else on this machine claims before this process has ended: also where what
 * listens there is down for a while, or not up yet.
 */
export async function claimAddresses(): Promise<string> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    const base = `127.${between(2, 250)}.${between(0, 255)}`;
    const server = await listening(`${base}.${claim.host}`, claim.port);
    if (!server) continue;
    server.unref();
    return base;
  }
  throw new Error('no loopback addresses to claim: does this machine answer at 127.0.0.0/8?');
}

function between(low: number, high: number): number {
  return low + Math.floor(Math.random() * (high - low + 1));
}

async function isFree(host: string, port: number): Promise<boolean> {
  const server = await listening(host, port);
  if (!server) return false;
  await new Promise((closed) => server.close(closed));
  return true;
}

function listening(host: string, port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => resolve(undefined));
    server.listen({ host, port, exclusive: true }, () => resolve(server));
  });
}
