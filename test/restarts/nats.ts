import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { type IdentitiesFile, subjects } from '@etcd-rotate/protocol';
import { unwrap } from '@etcd-rotate/testing';
import {
  type Bus,
  connectBus,
  coordinatorInbox,
  createNkey,
  createSigningKey,
  type NatsServer,
  natsServerConfig,
  startNatsServer,
} from '../../packages/bus/src/index.ts';
import { forever, type Life } from './life.ts';
import { aLine } from './line.ts';

export const fleet = 'lab';

/** That no other file of tests uses meanwhile (test/own-addresses.ts). */
const host = `${process.env.OWN_ADDRESSES ?? '127.0.44'}.3`;

const program =
  process.env.NATS_SERVER_BIN ?? new URL('../../.cache/bin/nats-server', import.meta.url).pathname;

/** A real nats-server on loopback, and the identities of a coordinator and of nodes. */
export class Nats {
  readonly keys: ReadonlyMap<string, ReturnType<typeof createSigningKey>>;
  readonly #nkeys: ReadonlyMap<string, ReturnType<typeof createNkey>>;
  readonly #folder: string;
  readonly #port: number;
  readonly #ca: string;
  #server: NatsServer | undefined;

  static async start(folder: string, nodes: readonly string[]): Promise<Nats> {
    const nats = new Nats(folder, nodes, await aFreePort());
    await nats.start();
    return nats;
  }

  private constructor(folder: string, nodes: readonly string[], port: number) {
    this.#folder = folder;
    this.#port = port;
    const people = ['coordinator', ...nodes];
    this.keys = new Map(people.map((name) => [name, createSigningKey()]));
    this.#nkeys = new Map(people.map((name) => [name, createNkey()]));
    const tls = aCertificate(folder);
    this.#ca = readFileSync(tls.ca, 'utf8');
    const identities: IdentitiesFile = {
      version: 1,
      fleet,
      known: nodes.map((name) => ({
        kind: 'node',
        name,
        nkey: this.#of(this.#nkeys, name).publicKey,
        key: this.#of(this.keys, name).publicKey,
      })),
    };
    const { pidFile, configFile, listen } = this.#place;
    const coordinator = this.#of(this.#nkeys, 'coordinator').publicKey;
    const joining = createNkey().publicKey;
    writeFileSync(
      configFile,
      natsServerConfig({ listen, serverName: 'lab', tls, coordinator, joining, identities, pidFile }),
    );
  }

  key(name: string): ReturnType<typeof createSigningKey> {
    return this.#of(this.keys, name);
  }

  /** Connected as this person, until its life ends. Its way there is its own, and is cut when it dies. */
  async connect(name: string, life: Life): Promise<{ bus: Bus; cut(): void }> {
    const line = await aLine({ host, port: this.#port });
    const bus = unwrap(
      await connectBus({
        servers: [`tls://127.0.0.1:${line.port}`],
        ca: this.#ca,
        nkeySeed: this.#of(this.#nkeys, name).seed,
        name,
        inboxPrefix: name === 'coordinator' ? coordinatorInbox : subjects.inbox('node', name),
        patienceMs: 10_000,
        onEvent: () => {},
      }),
    );
    return {
      bus: busOf(bus, life),
      cut() {
        line.cut();
        void bus[Symbol.asyncDispose]();
      },
    };
  }

  async start(): Promise<void> {
    this.#server = unwrap(
      await startNatsServer({
        ...this.#place,
        program,
        logFile: join(this.#folder, 'nats.log'),
        onEvent() {},
      }),
    );
  }

  /** Dead at once, and not started again before `start`. */
  async kill(): Promise<void> {
    if (this.#server) process.kill(this.#server.pid, 'SIGKILL');
    await this.stop();
  }

  async stop(): Promise<void> {
    await this.#server?.[Symbol.asyncDispose]();
    this.#server = undefined;
  }

  get #place(): { configFile: string; pidFile: string; listen: string } {
    return {
      configFile: join(this.#folder, 'nats.conf'),
      pidFile: join(this.#folder, 'nats.pid'),
      listen: `${host}:${this.#port}`,
    };
  }

  #of<T>(map: ReadonlyMap<string, T>, name: string): T {
    const found = map.get(name);
    if (found === undefined) throw new Error(`there is no ${name}`);
    return found;
  }
}

/** The bus as a process has it that may be killed. */
function busOf(bus: Bus, life: Life): Bus {
  return {
    publish: (subject, message) => life.act(() => bus.publish(subject, message)),
    request: (subject, message, whom) => life.act(() => bus.request(subject, message, whom)),
    subscribe(subject, handle) {
      const subscription = bus.subscribe(subject, (message) => {
        if (life.isOver) return;
        handle({ ...message, respond: (answer) => life.act(() => message.respond(answer)) });
      });
      return {
        ready: () => life.act(() => subscription.ready()),
        [Symbol.dispose]: () => subscription[Symbol.dispose](),
      };
    },
    isKnown: () => life.act(() => bus.isKnown()),
    whenConnected: (ms) => life.act(() => bus.whenConnected(ms)),
    [Symbol.asyncDispose]: () => forever,
  };
}

/** A certificate for loopback that is its own CA. */
function aCertificate(folder: string): { cert: string; key: string; ca: string } {
  const [cert, key] = [join(folder, 'nats.pem'), join(folder, 'nats.key')];
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '1'];
  const names = ['-subj', '/CN=nats', '-addext', 'subjectAltName=IP:127.0.0.1'];
  execFileSync('openssl', ['req', ...kind, ...names, '-keyout', key, '-out', cert], { stdio: 'ignore' });
  return { cert, key, ca: cert };
}

/**
 * Of our own address, from which nobody dials: nats-server comes back to its port after it was killed, and must not find it
 * taken by a connection.
 */
async function aFreePort(): Promise<number> {
  const server = createServer().listen(0, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}
