import { type Bus, connectBus, coordinatorInbox, type Refusal } from '@etcd-rotate/bus';
import { type Log, type Notifier, watchdog } from '@etcd-rotate/daemon';
import { type Failure, fail, type KnownIdentity, ok, type Result } from '@etcd-rotate/protocol';
import type { Settings } from './files.ts';
import type { NatsUsers } from './identities/nats-users.ts';
import { RefusedCount } from './identities/refused.ts';
import { type IdentityFolder, readIdentityFolder } from './identity-folder.ts';
import { sharedOf } from './lead/connect-shared.ts';
import { leadAlone } from './lead/lead-alone.ts';
import { leadOrStandBy } from './lead/lead-or-stand-by.ts';
import { natsPlace } from './nats.ts';

export interface ServeOptions {
  settings: Settings;
  version: string;
  environment: { NATS_SERVER_BIN?: string | undefined; PATH?: string | undefined };
  log: Log;
  notify: Notifier;
  /** From `watchdogMs`. */
  watchdogMs: number | undefined;
  now(): Date;
  /** The journal cannot be written any more. */
  onFatal(failure: Failure): void;
}

export interface Connected {
  bus: Bus;
  users: NatsUsers;
}

/** Connects; where NATS is ours it lets these in from the start. */
export type Connect = (known: readonly KnownIdentity[]) => Promise<Result<Connected>>;

/** Starts the coordinator, alone or as one of several, by where its journal is kept. */
export async function serve(options: ServeOptions): Promise<Result<AsyncDisposable>> {
  const { settings } = options;
  const identity = await readIdentityFolder(settings.identityFolder);
  if (!identity.ok) return identity;
  const refused = new RefusedCount(options.now);
  const connect: Connect = (known) => connectNats(options, identity.value, { known, refused });
  const shared = sharedOf(settings);
  return shared
    ? leadOrStandBy(options, identity.value, { shared, connect, refused })
    : leadAlone(options, identity.value, { connect, refused });
}

/** Starts NATS where it is ours, and connects to it; what is ours ends with the connection. */
async function connectNats(
  { settings, environment, log, notify, watchdogMs: withinMs }: ServeOptions,
  identity: IdentityFolder,
  { known, refused }: { known: readonly KnownIdentity[]; refused: RefusedCount },
): Promise<Result<Connected>> {
  await using stack = new AsyncDisposableStack();
  const nats = await natsPlace(settings.file.nats, identity, {
    stateFolder: settings.stateFolder,
    environment,
    onEvent: ({ type, detail }) => log.warn({ type }, detail),
    known,
    onViolation: ({ nkey, what }, those) => {
      const from = nameOf(nkey, identity.own, those);
      log.warn({ from, what }, 'NATS has refused somebody');
      refused.note(violationBy(from, what));
    },
  });
  if (!nats.ok) return nats;
  if (nats.value.end) stack.use(nats.value.end);
  const { servers, users } = nats.value;
  const bus = await connectBus({
    servers,
    ca: identity.natsCa,
    nkeySeed: identity.own.nkeySeed,
    name: 'etcd-rotate-coordinator',
    inboxPrefix: coordinatorInbox,
    patienceMs: 10_000,
    onEvent: ({ type, detail }) => log.warn({ type }, `NATS: ${detail}`),
  });
  if (!bus.ok) return bus;
  log.info({ servers }, 'connected to NATS');
  stack.use(bus.value);
  stack.use(
    watchdog({
      withinMs,
      isAlive: () => bus.value.isKnown(),
      ping: () => notify.alive(),
      onSilent: () => log.error({ servers }, 'NATS is silent: no ping to the watchdog of systemd'),
    }),
  );
  const opened = stack.move();
  return ok({ bus: { ...bus.value, [Symbol.asyncDispose]: () => opened.disposeAsync() }, users });
}

function nameOf(nkey: string, own: IdentityFolder['own'], those: readonly KnownIdentity[]): string {
  if (nkey === own.joining.nkey) return 'a node that joins';
  const known = those.find((one) => one.nkey === nkey);
  return known ? `${known.kind} ${known.name}` : `nkey ${nkey.slice(0, 12)}`;
}

function violationBy(from: string, what: string): Refusal {
  const { failure } = fail('nats-refused', `NATS: ${what}`, 'look at the identity file that is used there');
  return { failure, subject: 'NATS', from };
}
