import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type Bus, checkSafeSettings, type SharedStore } from '@etcd-rotate/bus';
import { lockFolder, openStreamJournal } from '@etcd-rotate/journal';
import { fail, ok, type Result } from '@etcd-rotate/protocol';
import { caFilesIn, openSigner } from '@etcd-rotate/signer';
import type { Settings } from '../files.ts';
import type { NatsUsers } from '../identities/nats-users.ts';
import type { RefusedCount } from '../identities/refused.ts';
import type { IdentityFolder } from '../identity-folder.ts';
import { Rotations } from '../rotations.ts';
import type { Connect, ServeOptions } from '../serve.ts';
import { outsideCas } from '../signers/outside-cas.ts';
import { stepUnderWay } from '../signers/step-under-way.ts';
import { connectShared, type Shared } from './connect-shared.ts';
import { instanceOf } from './instance.ts';
import { leadFleet } from './lead-fleet.ts';
import { type Lease, readSeen, takeLease } from './lease.ts';
import { keepRoll, type Roll, rollKey } from './roll.ts';
import { casToBring, folderFile, sharedCas } from './shared-cas.ts';
import { digestsOf, sameFiles, shareFiles } from './shared-files.ts';
import { standBy } from './stand-by.ts';

/** Leads when nobody else does, with a journal and CA keys that several coordinators share, and stands by otherwise. */
export async function leadOrStandBy(
  options: ServeOptions,
  identity: IdentityFolder,
  { shared, connect, refused }: { shared: Shared; connect: Connect; refused: RefusedCount },
): Promise<Result<AsyncDisposable>> {
  const { settings, version, log, notify, now } = options;
  const { name, stateFolder } = settings;
  await using stack = new AsyncDisposableStack();
  // Two processes of one state folder would be one coordinator to everybody else.
  const lock = await lockFolder(join(stateFolder, 'journal'));
  if (!lock.ok) return lock;
  stack.use(lock.value);
  const instance = await instanceOf(stateFolder);
  if (!instance.ok) return instance;
  const safe = await natsIsSafe(settings);
  if (!safe.ok) return safe;

  // Not ours to configure: who may connect there is for whoever runs it.
  const reached = await connect([]);
  if (!reached.ok) return reached;
  const { bus, users } = reached.value;
  stack.use(bus);
  const connected = await connectShared(settings, identity, ({ type, detail }) =>
    log.warn({ type }, `JetStream: ${detail}`),
  );
  if (!connected.ok) return connected;
  const store = connected.value;
  stack.use(store);
  const unique = await nameIsOurs(store, name, instance.value);
  if (!unique.ok) return unique;

  const holder = { v: 1, name, instance: instance.value, run: randomUUID(), version } as const;
  const about = { coordinators: store.coordinators, leaseMs: shared.lease, now };
  const roll = keepRoll({ ...about, own: holder });
  stack.use(roll);
  const onStatus = (status: string): void => void notify.status(status);
  stack.use(
    standBy({
      leaseMs: shared.lease,
      mayLead: () => mayLead(options, identity, store),
      takeLease: () => takeLease({ ...about, holder }),
      lead: (lease, onFatal) =>
        leadUnder(lease, { options: { ...options, onFatal }, identity, store, bus, users, refused, roll }),
      say: (state) => roll.say(state),
      log,
      onStatus,
    }),
  );
  return ok(stack.move());
}

async function natsIsSafe({ file: { nats } }: Settings): Promise<Result<void>> {
  if (!('external' in nats) || nats.external.acceptUnsafe) return ok(undefined);
  return checkSafeSettings(nats.external.monitoring, nats.external.servers);
}

/** Status and log speak of coordinators by name, and each says where it is under its name. */
async function nameIsOurs(
  { coordinators }: SharedStore,
  name: string,
  instance: string,
): Promise<Result<void>> {
  const there = await coordinators.get(rollKey(name));
  if (!there.ok) return there;
  const seen = there.value.value === undefined ? undefined : readSeen(there.value.value);
  if (!seen || seen.instance === instance) return ok(undefined);
  return fail(
    'exists',
    `there is a coordinator named ${name} already, with another state folder`,
    'give each a `name` of its own in coordinator.yaml; one that was replaced is forgotten after the lease',
    true,
  );
}

/** Asked before the lead is taken: a coordinator that could not go on must not be the one that leads. */
async function mayLead(
  { settings }: ServeOptions,
  identity: IdentityFolder,
  store: SharedStore,
): Promise<Result<void>> {
  const safe = await natsIsSafe(settings);
  if (!safe.ok) return safe;
  const same = await sameFiles(store.shared, digestsOf(identity, settings.fleet));
  if (!same.ok) return same;
  const cas = sharedCas(store.shared);
  const bring = await casToBring(caFilesIn(join(settings.stateFolder, 'cas')), cas);
  if (!bring.ok) return bring;
  const begun = await cas.read(folderFile);
  if (!begun.ok) return begun;
  // With nothing there yet, there is nothing to open, and only who leads may begin.
  if (begun.value === undefined) return ok(undefined);
  const outside = await outsideCas(settings.file.signers, settings.places);
  if (!outside.ok) return outside;
  const { passphrase } = settings;
  const signer = await openSigner({ folder: cas, passphrase, outside: outside.value });
  if (!signer.ok) return signer;
  signer.value.close();
  return ok(undefined);
}

interface Under {
  options: ServeOptions;
  identity: IdentityFolder;
  store: SharedStore;
  bus: Bus;
  users: NatsUsers;
  refused: RefusedCount;
  roll: Roll;
}

async function leadUnder(lease: Lease, under: Under): Promise<Result<AsyncDisposable>> {
  for (;;) {
    const led = await leadOnce(lease, under);
    // The last append of who led before may arrive after the journal was read: read again, with it.
    if (led.ok || led.failure.code !== 'not-leading' || !lease.holds()) return led;
  }
}

async function leadOnce(
  lease: Lease,
  { options, identity, store, bus, users, refused, roll }: Under,
): Promise<Result<AsyncDisposable>> {
  const { settings, version, log, notify, now, onFatal } = options;
  const { name, stateFolder, passphrase, fleet } = settings;
  await using stack = new AsyncDisposableStack();
  const said = await shareFiles(
    store.shared,
    { ...digestsOf(identity, fleet), by: name, at: now().toISOString() },
    'missing',
  );
  if (!said.ok) return said;
  const local = caFilesIn(join(stateFolder, 'cas'));
  const cas = sharedCas(store.shared, { local, holds: lease.holds });
  const bring = await casToBring(local, cas);
  if (!bring.ok) return bring;
  for (const { name: file, text } of bring.value) {
    const brought = await cas.writeNew(file, text);
    if (!brought.ok) return brought;
    log.info({ file }, 'brought from the state folder to JetStream');
  }
  const journal = await openStreamJournal(store.journal, { now, leading: lease });
  if (!journal.ok) return journal;
  stack.use(journal.value);
  const outside = await outsideCas(settings.file.signers, settings.places);
  if (!outside.ok) return outside;
  const isUnderWay = stepUnderWay(new Rotations(journal.value));
  const signer = await openSigner({ folder: cas, passphrase, outside: outside.value, isUnderWay, now });
  if (!signer.ok) return signer;
  stack.use(signer.value);
  const leading = await leadFleet({
    settings,
    identity,
    version,
    bus,
    users,
    refused,
    journal: journal.value,
    signer: signer.value,
    leading: lease,
    log,
    now,
    onFatal,
    onStatus: (status) => void notify.status(status),
    coordinators: () =>
      roll.list().map(({ name: one, leads, since, version: its, cannotLead }) => ({
        name: one,
        leads: one === name || leads,
        since: one === name ? lease.since : since,
        version: its,
        ...(cannotLead && { cannotLead }),
      })),
  });
  if (!leading.ok) return leading;
  stack.use(leading.value);
  return ok(stack.move());
}
