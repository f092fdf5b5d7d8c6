import { type Bus, connectBus, coordinatorInbox } from '@etcd-rotate/bus';
import type { Notifier } from '@etcd-rotate/daemon';
import { type Failure, ok, type Result } from '@etcd-rotate/protocol';
import type { Logger } from 'pino';
import type { Settings } from './files.ts';
import { type IdentityFolder, readIdentityFolder } from './identity-folder.ts';
import { sharedOf } from './lead/connect-shared.ts';
import { leadAlone } from './lead/lead-alone.ts';
import { leadOrStandBy } from './lead/lead-or-stand-by.ts';
import { natsPlace } from './nats.ts';

export interface ServeOptions {
  settings: Settings;
  version: string;
  environment: { NATS_SERVER_BIN?: string | undefined; PATH?: string | undefined };
  log: Logger;
  notify: Notifier;
  now(): Date;
  /** The journal cannot be written any more. */
  onFatal(failure: Failure): void;
}

/** Starts the coordinator, alone or as one of several, by where its journal is kept. */
export async function serve(options: ServeOptions): Promise<Result<AsyncDisposable>> {
  const { settings } = options;
  const identity = await readIdentityFolder(settings.identityFolder);
  if (!identity.ok) return identity;
  const connect = (): Promise<Result<Bus>> => connectNats(options, identity.value);
  const shared = sharedOf(settings);
  return shared
    ? leadOrStandBy(options, identity.value, { shared, connect })
    : leadAlone(options, identity.value, connect);
}

/** Starts NATS where it is ours, and connects to it; what is ours ends with the connection. */
async function connectNats(
  { settings, environment, log }: ServeOptions,
  identity: IdentityFolder,
): Promise<Result<Bus>> {
  await using stack = new AsyncDisposableStack();
  const nats = await natsPlace(settings.file.nats, identity, {
    stateFolder: settings.stateFolder,
    environment,
    onEvent: ({ type, detail }) => log.warn({ type }, detail),
  });
  if (!nats.ok) return nats;
  if (nats.value.server) stack.use(nats.value.server);
  const { servers } = nats.value;
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
  const opened = stack.move();
  return ok({ ...bus.value, [Symbol.asyncDispose]: () => opened.disposeAsync() });
}
