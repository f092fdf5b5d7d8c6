import { join } from 'node:path';
import type { Bus } from '@etcd-rotate/bus';
import { type Leading, openFileJournal } from '@etcd-rotate/journal';
import { ok, type Result } from '@etcd-rotate/protocol';
import { openSigner } from '@etcd-rotate/signer';
import type { IdentityFolder } from '../identity-folder.ts';
import type { ServeOptions } from '../serve.ts';
import { leadFleet } from './lead-fleet.ts';

/** Whoever holds the lock on the state folder leads, until its process ends. */
const always: Leading = { holds: () => true, lost: new AbortController().signal };

/** Leads with a journal and CA keys of its own state folder. */
export async function leadAlone(
  { settings, version, log, notify, now, onFatal }: ServeOptions,
  identity: IdentityFolder,
  connect: () => Promise<Result<Bus>>,
): Promise<Result<AsyncDisposable>> {
  await using stack = new AsyncDisposableStack();
  const { name, stateFolder, passphrase } = settings;
  const journal = await openFileJournal(join(stateFolder, 'journal'), {
    now,
    onTornLine: (dropped) =>
      log.warn({ dropped }, 'the last line of the journal was half-written and was dropped'),
  });
  if (!journal.ok) return journal;
  stack.use(journal.value);

  const signer = await openSigner({ folder: join(stateFolder, 'cas'), passphrase, now });
  if (!signer.ok) return signer;
  stack.use(signer.value);

  const bus = await connect();
  if (!bus.ok) return bus;
  stack.use(bus.value);

  const since = now().toISOString();
  const leading = await leadFleet({
    settings,
    identity,
    version,
    bus: bus.value,
    journal: journal.value,
    signer: signer.value,
    leading: always,
    log,
    now,
    onFatal,
    onStatus: (status) => void notify.status(status),
    coordinators: () => [{ name, leads: true, since, version }],
  });
  if (!leading.ok) return leading;
  stack.use(leading.value);
  return ok(stack.move());
}
