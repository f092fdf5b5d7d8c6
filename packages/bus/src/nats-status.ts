import type { NatsConnection, Status } from 'nats';
import type { BusEvent } from './bus.ts';

export interface NatsStatus {
  connected(): boolean;
  /**
   * The client was cut off twice without having been connected in between, and is connected again: a server that hung
   * leaves it with several connections at once, whose bytes it mixes up (nats 2.29.3). Only a new client mends that.
   */
  isBroken(): boolean;
  whenConnected(ms: number): Promise<boolean>;
  /** From now on: @returns how to ask whether the server has refused a publish to this subject since. */
  publishRefused(subject: string): () => Error | undefined;
  /** No more events. */
  stop(): void;
}

/**
 * What happens to a connection. A publish that the server refuses does not fail at its caller: the refusal is only here,
 * and so is the loss of the connection.
 */
export function watch(nats: NatsConnection, onEvent: (event: BusEvent) => void): NatsStatus {
  let connected = true;
  let cuts = 0;
  let isBroken = false;
  let stopped = false;
  let refusals = 0;
  const lastRefusal = new Map<string, number>();
  const waiting = new Set<() => void>();
  const tell = (event: BusEvent): void => {
    if (!stopped) onEvent(event);
  };

  function see(status: Status): void {
    const event = eventOf(status);
    if (!event) return;
    if (event.type === 'disconnected') {
      connected = false;
      cuts += 1;
    }
    if (event.type === 'reconnected') {
      connected = true;
      isBroken ||= cuts > 1;
      cuts = 0;
      for (const resolve of waiting) resolve();
    }
    const context = status.permissionContext;
    if (context?.operation === 'publish') lastRefusal.set(context.subject, ++refusals);
    tell(event);
  }

  void (async () => {
    for await (const status of nats.status()) see(status);
  })();
  void nats.closed().then((error) => {
    connected = false;
    tell({ type: 'closed', detail: error ? error.message : 'closed' });
  });

  return {
    connected: () => connected,
    isBroken: () => isBroken,
    whenConnected(ms) {
      if (connected) return Promise.resolve(true);
      return new Promise((resolve) => {
        const done = (): void => {
          clearTimeout(timer);
          waiting.delete(done);
          resolve(connected);
        };
        const timer = setTimeout(done, ms);
        waiting.add(done);
      });
    },
    publishRefused(subject) {
      const before = refusals;
      return () => ((lastRefusal.get(subject) ?? 0) > before ? refusedTo(subject) : undefined);
    },
    stop() {
      stopped = true;
    },
  };
}

function refusedTo(subject: string): Error {
  return Object.assign(new Error(`publish to ${subject}`), { code: 'PERMISSIONS_VIOLATION' });
}

function eventOf({ type, data, permissionContext }: Status): BusEvent | undefined {
  switch (type) {
    case 'disconnect':
      return { type: 'disconnected', detail: `lost the connection to ${String(data)}` };
    case 'reconnect':
      return { type: 'reconnected', detail: `connected to ${String(data)} again` };
    case 'error':
      if (permissionContext) {
        const { operation, subject } = permissionContext;
        return { type: 'refused', detail: `${operation} on ${subject} is not allowed` };
      }
      return { type: 'error', detail: String(data) };
    default:
      // Pings, attempts to connect, cluster news: of no use to anybody here.
      return undefined;
  }
}
