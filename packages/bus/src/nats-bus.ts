import { setImmediate as nextTurn } from 'node:timers/promises';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { headers, type Msg, type MsgHdrs, type NatsConnection } from 'nats';
import type { Bus, BusEvent, BusSubscription, Incoming, Message } from './bus.ts';
import { natsFailure, unanswered } from './failures.ts';
import { watch } from './nats-status.ts';
import { within } from './within.ts';

const signatureHeader = 'Etcd-Rotate-Signature';
const fromHeader = 'Etcd-Rotate-From';
const flushMs = 5000;
const drainMs = 2000;

/** A connection of the `nats` package as a `Bus`. */
export function busOver(
  nats: NatsConnection,
  { servers, onEvent }: { servers: string[]; onEvent: (event: BusEvent) => void },
): Bus {
  const status = watch(nats, onEvent);
  const away = (): Result<never> =>
    fail('nats-away', `not connected to NATS at ${servers.join(', ')}`, awayHint, true);

  /** Resolves when the server has seen all that was sent so far. The client drops what is sent while disconnected. */
  async function flush(): Promise<Result<void>> {
    try {
      await within(flushMs, nats.flush());
      // A refusal came before this answer, but the client tells of it by another queue.
      await nextTurn();
      return ok(undefined);
    } catch (error) {
      return { ok: false, failure: natsFailure(error, servers) };
    }
  }

  async function publish(subject: string, message: Message): Promise<Result<void>> {
    if (!status.connected()) return away();
    const refused = status.publishRefused(subject);
    try {
      nats.publish(subject, message.data, { headers: headersOf(message) });
    } catch (error) {
      return { ok: false, failure: natsFailure(error, servers) };
    }
    const flushed = await flush();
    const refusal = refused();
    return refusal ? { ok: false, failure: natsFailure(refusal, servers) } : flushed;
  }

  function incoming(message: Msg): Incoming {
    return {
      ...messageOf(message),
      subject: message.subject,
      respond: (answer) => (message.reply ? publish(message.reply, answer) : Promise.resolve(ok(undefined))),
    };
  }

  function subscribe(subject: string, handle: (message: Incoming) => void): BusSubscription {
    let refusal: Error | undefined;
    const subscription = nats.subscribe(subject, {
      callback(error, message) {
        if (error) refusal = error;
        else handle(incoming(message));
      },
    });
    return {
      async ready() {
        const flushed = await flush();
        return refusal ? { ok: false, failure: natsFailure(refusal, servers) } : flushed;
      },
      [Symbol.dispose]: () => subscription.unsubscribe(),
    };
  }

  return {
    publish,
    subscribe,
    async request(subject, message, whom) {
      if (!status.connected()) return away();
      const refused = status.publishRefused(subject);
      try {
        const options = { timeout: whom.timeoutMs, headers: headersOf(message) };
        return ok(messageOf(await nats.request(subject, message.data, options)));
      } catch (error) {
        const refusal = refused();
        return {
          ok: false,
          failure: refusal ? natsFailure(refusal, servers) : unanswered(error, whom, servers),
        };
      }
    },
    async isKnown() {
      if (nats.isClosed() || status.isBroken()) return false;
      if (!status.connected()) return true;
      const flushed = await flush();
      return flushed.ok || !(nats.isClosed() || status.connected());
    },
    whenConnected: (ms) => status.whenConnected(ms),
    async [Symbol.asyncDispose]() {
      const connected = status.connected();
      status.stop();
      // Draining waits for the server; without one it would wait for the next.
      if (connected) await within(drainMs, nats.drain()).catch(() => undefined);
      await nats.close();
    },
  };
}

const awayHint = 'check that nats-server runs; the connection is taken up again by itself';

function headersOf({ from, signature }: Message): MsgHdrs {
  const made = headers();
  if (from !== undefined) made.set(fromHeader, from);
  if (signature !== undefined) made.set(signatureHeader, signature);
  return made;
}

function messageOf({ data, headers: received }: Msg): Message {
  return {
    data,
    from: received?.get(fromHeader) || undefined,
    signature: received?.get(signatureHeader) || undefined,
  };
}
