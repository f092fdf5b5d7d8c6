import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type IdentitiesFile, type Result, type Secret, subjects } from '@etcd-rotate/protocol';
import type { Bus, BusEvent } from './bus.ts';
import { connectBus } from './connect.ts';
import { type NatsServer, type NatsServerEvent, startNatsServer } from './embedded-server.ts';
import { connectStore, type SharedStore } from './jetstream/connect-store.ts';
import { fleet } from './messages.fixture.ts';
import { createNkey } from './nkeys.ts';
import { loopback } from './own-addresses.fixture.ts';
import { coordinatorInbox, natsServerConfig } from './server-config.ts';
import { createSigningKey } from './signing.ts';

export const program =
  process.env.NATS_SERVER_BIN ?? fileURLToPath(new URL('../../../.cache/bin/nats-server', import.meta.url));

const host = `${loopback}.1`;

/** Who is on the NATS of these tests. */
const people = {
  coordinator: { kind: 'coordinator', name: 'coordinator' },
  n1: { kind: 'node', name: 'n1' },
  n2: { kind: 'node', name: 'n2' },
  alice: { kind: 'operator', name: 'alice' },
  bob: { kind: 'operator', name: 'bob' },
  /** Has an nkey that the server was never told of. */
  mallory: { kind: 'node', name: 'mallory' },
  /** A node that has no identity yet. */
  joiner: { kind: 'joining', name: 'node' },
} as const;
export type Person = keyof typeof people;

export interface Nats {
  folder: string;
  listen: string;
  configFile: string;
  pidFile: string;
  ca: string;
  keys: Record<Person, ReturnType<typeof createSigningKey>>;
  nkeySeeds: Record<Person, Secret>;
  events: NatsServerEvent[];
  /** URL of the monitoring endpoint, where JetStream is on. */
  monitoring: string;
  start(): Promise<Result<NatsServer>>;
  /** Writes the configuration anew, with nobody else but the coordinator and these. */
  letIn(names: readonly ('n1' | 'n2' | 'alice' | 'bob')[]): void;
  /** Connected as this person; what happens to the connection goes to `seen`. */
  as(person: Person, seen?: BusEvent[]): Promise<Bus>;
  /** What coordinators share, by a connection of its own; every one has the same keys. */
  store(options?: { leaseMs?: number; person?: Person }): Promise<SharedStore>;
  [Symbol.dispose](): void;
}

/** A folder with all that a nats-server of ours needs, on a port that was free; with JetStream where that is wanted. */
export async function aNats({ jetStream = false, certificateFor = host } = {}): Promise<Nats> {
  const folder = mkdtempSync(join(tmpdir(), 'etcd-rotate-nats-'));
  const listen = `${host}:${await aFreePort()}`;
  const files = { configFile: join(folder, 'nats.conf'), pidFile: join(folder, 'nats.pid') };
  const tls = aCertificate(folder, 'nats', certificateFor);
  const names = Object.keys(people) as Person[];
  const nkeys = record(names, createNkey);
  const keys = record(names, createSigningKey);
  const identities: IdentitiesFile = { version: 1, fleet, known: [] };
  for (const name of ['n1', 'n2', 'alice', 'bob'] as const) {
    const { kind } = people[name];
    identities.known.push({ kind, name, nkey: nkeys[name].publicKey, key: keys[name].publicKey });
  }
  const coordinator = nkeys.coordinator.publicKey;
  const joining = nkeys.joiner.publicKey;
  const config = { listen, serverName: 'lab', tls, coordinator, joining, identities, pidFile: files.pidFile };
  const monitoring = `${host}:${await aFreePort()}`;
  const shared = jetStream ? { storeFolder: join(folder, 'store'), monitoring } : undefined;
  const letIn: Nats['letIn'] = (people) => {
    const known = identities.known.filter(({ name }) => (people as string[]).includes(name));
    const allowed = { ...identities, known };
    writeFileSync(files.configFile, natsServerConfig({ ...config, identities: allowed, jetStream: shared }));
  };
  letIn(['n1', 'n2', 'alice', 'bob']);
  const events: NatsServerEvent[] = [];
  const ca = readFileSync(tls.ca, 'utf8');
  const nkeySeeds = record(names, (name) => nkeys[name].seed);
  return {
    ...files,
    folder,
    listen,
    ca,
    keys,
    nkeySeeds,
    events,
    monitoring: `http://${monitoring}`,
    letIn,
    start: () =>
      startNatsServer({
        ...files,
        program,
        listen,
        logFile: join(folder, 'nats.log'),
        onEvent: (event) => events.push(event),
      }),
    async as(person, seen = []) {
      const { kind, name } = people[person];
      const inboxPrefix = kind === 'coordinator' ? coordinatorInbox : subjects.inbox(kind, name);
      const connecting = { servers: [`tls://${listen}`], ca, nkeySeed: nkeySeeds[person], name, inboxPrefix };
      return value(await connectBus({ ...connecting, onEvent: (event) => seen.push(event) }));
    },
    async store({ leaseMs = 5_000, person = 'coordinator' } = {}) {
      const { privateKey: signingKey, publicKey } = keys[person];
      const connecting = { servers: [`tls://${listen}`], ca, nkeySeed: nkeySeeds[person], name: person };
      const { kind, name } = people[person];
      const inboxPrefix = kind === 'coordinator' ? coordinatorInbox : subjects.inbox(kind, name);
      const ours = { fleet, replicas: 1, leaseMs, signingKey, publicKey, inboxPrefix };
      return value(await connectStore({ ...connecting, ...ours, onEvent: () => undefined }));
    },
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** A certificate for an address that is its own CA. */
export function aCertificate(
  folder: string,
  name: string,
  address = host,
): { cert: string; key: string; ca: string } {
  const cert = join(folder, `${name}.pem`);
  const key = join(folder, `${name}.key`);
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=IP:${address}`];
  execFileSync('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert, key, ca: cert };
}

/** Of our own address: nobody's connection comes from there, so a server finds its port free again after it was killed. */
async function aFreePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address ? address.port : 0;
}

/** Waits until something is so, and says what was not when it is not in time. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = performance.now() + 60_000; !(await isSo()); ) {
    if (performance.now() > end) throw new Error(`not within 60 s: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
}

export function value<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(`${result.failure.code}: ${result.failure.message}`);
}

function record<K extends string, V>(names: K[], make: (name: K) => V): Record<K, V> {
  return Object.fromEntries(names.map((name) => [name, make(name)])) as Record<K, V>;
}
