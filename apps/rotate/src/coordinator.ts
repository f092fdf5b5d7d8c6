import { askCoordinator, type Bus, connectBus } from '@etcd-rotate/bus';
import { readIdentity } from '@etcd-rotate/daemon';
import {
  type Failure,
  fail,
  type OperatorBody,
  type OperatorReply,
  ok,
  type PublicKey,
  type Result,
  subjects,
} from '@etcd-rotate/protocol';
import { pinNewKey } from './pin-new-key.ts';

type Value = Extract<OperatorReply['outcome'], { ok: true }>['value'];
export type Answer<T extends Value['type']> =
  | { ok: true; value: Extract<Value, { type: T }> }
  | { ok: false; failures: readonly Failure[] };

/** The coordinator as an operator reaches it. */
export interface Coordinator extends AsyncDisposable {
  /** What our identity file says of the fleet. */
  readonly about: {
    fleet: string;
    operator: string;
    servers: string[];
    /** PEM. */
    natsCa: string;
    coordinatorKey: PublicKey;
  };
  ask<T extends Value['type']>(
    expected: T,
    body: OperatorBody,
    how?: { timeoutMs?: number; id?: string },
  ): Promise<Answer<T>>;
}

export async function connectAs(identityFile: string): Promise<Result<Coordinator>> {
  const identity = await readIdentity(identityFile);
  if (!identity.ok) return identity;
  const { kind, name, fleet, nats, signingKey, coordinatorKey } = identity.value;
  if (kind !== 'operator') {
    return fail(
      'bad-file',
      `${identityFile} is the identity of ${kind} ${name}`,
      "name an operator's identity file with --identity",
    );
  }
  const connected = await connectBus({
    servers: nats.servers,
    ca: nats.ca,
    nkeySeed: nats.nkeySeed,
    name: `rotate ${name}`,
    inboxPrefix: subjects.inbox('operator', name),
    onEvent: () => undefined,
  });
  if (!connected.ok) return connected;
  const bus: Bus = connected.value;
  const about = { fleet, operator: name, servers: nats.servers, natsCa: nats.ca, coordinatorKey };
  let saved: Promise<void> | undefined;
  const onNewKey = (key: PublicKey): void => {
    about.coordinatorKey = key;
    saved ??= pinNewKey(identityFile, key).then((said) => void process.stderr.write(`${said}\n`));
  };
  return ok({
    about,
    ask: async (expected, body, { timeoutMs = 30_000, id } = {}) => {
      const { coordinatorKey: trusted } = about;
      const now = (): Date => new Date();
      const options = { fleet, operator: name, signingKey, coordinatorKey: trusted, onNewKey, now };
      const outcome = await askCoordinator(bus, options, {
        body,
        timeoutMs,
        ...(id === undefined ? {} : { id }),
      });
      if (!outcome.ok) return outcome;
      if (outcome.value.type === expected)
        return { ok: true, value: outcome.value } as Answer<typeof expected>;
      const { failure } = fail(
        'bad-message',
        `the coordinator answered ${outcome.value.type}`,
        'the two are of different versions',
      );
      return { ok: false, failures: [failure] };
    },
    async [Symbol.asyncDispose]() {
      await bus[Symbol.asyncDispose]();
      await saved;
    },
  });
}
