import { join } from 'node:path';
import { type Leading, openFileJournal } from '@etcd-rotate/journal';
import { ok, type Result } from '@etcd-rotate/protocol';
import { openSigner } from '@etcd-rotate/signer';
import { Identities } from '../identities/identities.ts';
import type { RefusedCount } from '../identities/refused.ts';
import type { IdentityFolder } from '../identity-folder.ts';
import { Rotations } from '../rotations.ts';
import type { Connect, ServeOptions } from '../serve.ts';
import { outsideCas } from '../signers/outside-cas.ts';
import { stepUnderWay } from '../signers/step-under-way.ts';
import { leadFleet } from './lead-fleet.ts';

/** Whoever holds the lock on the state folder leads, until its process ends. */
const always: Leading = { holds: () => true, lost: new AbortController().signal };

/** Leads with a journal and CA keys of its own state folder. */
export async function leadAlone(
  { settings, version, log, notify, now, onFatal }: ServeOptions,
  identity: IdentityFolder,
  { connect, refused }: { connect: Connect; refused: RefusedCount },
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

  const outside = await outsideCas(settings.file.signers, settings.places);
  if (!outside.ok) return outside;
  const isUnderWay = stepUnderWay(new Rotations(journal.value));
  const cas = { folder: join(stateFolder, 'cas'), outside: outside.value };
  const signer = await openSigner({ ...cas, passphrase, isUnderWay, now });
  if (!signer.ok) return signer;
  stack.use(signer.value);

  const identities = new Identities(identity.identities, journal.value);
  const connected = await connect(identities.all());
  if (!connected.ok) return connected;
  const { bus, users } = connected.value;
  stack.use(bus);

  const since = now().toISOString();
  const leading = await leadFleet({
    settings,
    identity,
    version,
    bus,
    users,
    refused,
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
