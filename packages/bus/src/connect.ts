import { setTimeout as sleep } from 'node:timers/promises';
import { type Failure, fail, ok, type Result, type Secret } from '@etcd-rotate/protocol';
import {
  type Authenticator,
  type ConnectionOptions,
  connect,
  type NatsConnection,
  nkeyAuthenticator,
  nkeys,
} from 'nats';
import type { Bus, BusEvent } from './bus.ts';
import { natsFailure } from './failures.ts';
import { busOver } from './nats-bus.ts';
import { identityOf } from './server-identity.ts';

export interface ConnectOptions {
  /** `tls://host:port` */
  servers: string[];
  /** PEM of the CA that signed the servers' certificates. */
  ca: string;
  nkeySeed: Secret;
  /** For the server's log. */
  name: string;
  /** `subjects.inbox(…)`, or `coordinatorInbox` */
  inboxPrefix: string;
  /** How long to go on trying to reach a server for the first time. Afterwards it is tried for ever. */
  patienceMs?: number;
  /** Ends that, as if there was no patience left. */
  stop?: AbortSignal | undefined;
  onEvent: (event: BusEvent) => void;
}

/** Connects to NATS over TLS with an nkey. A server that refuses us is not tried again: a person has to look. */
export async function connectBus(options: ConnectOptions): Promise<Result<Bus>> {
  const connected = await connectNats(options);
  return connected.ok ? ok(busOver(connected.value, options)) : connected;
}

/** The connection below it, for what else of NATS this package speaks. */
export async function connectNats(options: ConnectOptions): Promise<Result<NatsConnection>> {
  const authenticator = withNkey(options.nkeySeed);
  if (!authenticator.ok) return authenticator;
  const until = performance.now() + (options.patienceMs ?? 0);
  let sayAgainAt = 0;
  for (;;) {
    const connected = await tryOnce(natsOptions(options, authenticator.value), options.servers);
    if (connected.ok) return connected;
    if (!connected.failure.retryable || performance.now() >= until) return connected;
    if (options.stop?.aborted) return connected;
    // Who waits for long must not look like one who is connected.
    if (performance.now() >= sayAgainAt) {
      options.onEvent({ type: 'disconnected', detail: `${connected.failure.message}; trying again` });
      sayAgainAt = performance.now() + sayAgainMs;
    }
    await sleep(retryMs, undefined, { signal: options.stop }).catch(() => undefined);
  }
}

const retryMs = 200;
const sayAgainMs = 60_000;

function withNkey(seed: Secret): Result<Authenticator> {
  const bytes = new TextEncoder().encode(seed.reveal());
  try {
    nkeys.fromSeed(bytes);
    return ok(nkeyAuthenticator(bytes));
  } catch {
    return fail(
      'nats-refused',
      'the nkey seed of the identity file is damaged',
      'take the file from the coordinator again',
    );
  }
}

function natsOptions(options: ConnectOptions, authenticator: Authenticator): ConnectionOptions {
  // `nats` hands on to tls.connect what it does not know itself.
  const tls = { ca: options.ca, checkServerIdentity: identityOf(options.servers) };
  return {
    servers: options.servers,
    tls,
    authenticator,
    name: options.name,
    inboxPrefix: options.inboxPrefix,
    timeout: 5000,
    maxReconnectAttempts: -1,
    reconnectTimeWait: retryMs,
    reconnectJitter: 100,
    reconnectJitterTLS: 100,
    // The server may be told of our nkey only later: by default two refusals in a row would end the connection for good.
    ignoreAuthErrorAbort: true,
    // The servers are those of the file. A list sent before TLS begins could be anybody's.
    ignoreClusterUpdates: true,
    // A link that is cut without a word is noticed within 15 s, not within the 6 min that are the default.
    pingInterval: 5000,
    maxPingOut: 2,
  };
}

async function tryOnce(options: ConnectionOptions, servers: string[]): Promise<Result<NatsConnection>> {
  try {
    return ok(await connect(options));
  } catch (error) {
    const failure: Failure = natsFailure(error, servers);
    return { ok: false, failure };
  }
}
