import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { type Journal, openStreamJournal } from '@etcd-rotate/journal';
import { fail, type Result } from '@etcd-rotate/protocol';
import { type CaFiles, caFilesIn } from '@etcd-rotate/signer';
import type { Settings } from '../files.ts';
import { readIdentityFolder } from '../identity-folder.ts';
import { connectShared, sharedOf } from './connect-shared.ts';
import { instanceOf } from './instance.ts';
import { takeLease } from './lease.ts';
import { casToBring, sharedCas } from './shared-cas.ts';
import { digestsOf, sameFiles } from './shared-files.ts';

/** What coordinators share, for as long as none of them leads. */
export interface SharedByAll {
  cas: CaFiles;
  openJournal(): Promise<Result<Journal>>;
}

/**
 * Lets the CA keys that coordinators share be used while none of them leads: who leads knows the CAs that were there
 * when it took the lead. For that long the lead is ours, so nobody takes it meanwhile.
 */
export async function whileNobodyLeads<T>(
  settings: Settings,
  { version, now }: { version: string; now: () => Date },
  use: (shared: SharedByAll) => Promise<Result<T>>,
): Promise<Result<T>> {
  const identity = await readIdentityFolder(settings.identityFolder);
  if (!identity.ok) return identity;
  const connected = await connectShared(settings, identity.value, () => undefined);
  if (!connected.ok) return connected;
  await using store = connected.value;
  const same = await sameFiles(store.shared, digestsOf(identity.value, settings.fleet));
  if (!same.ok) return same;
  const instance = await instanceOf(settings.stateFolder);
  if (!instance.ok) return instance;
  const taken = await takeLease({
    coordinators: store.coordinators,
    holder: { v: 1, name: settings.name, instance: instance.value, run: randomUUID(), version },
    leaseMs: sharedOf(settings)?.lease ?? 0,
    now,
  });
  if (!taken.ok) return taken;
  if ('heldBy' in taken.value) {
    const leader = taken.value.heldBy?.name ?? 'another coordinator';
    return fail(
      'not-leading',
      `${leader} leads`,
      'stop all coordinators first, and start them afterwards',
      true,
    );
  }
  const { lease } = taken.value;
  try {
    const cas = sharedCas(store.shared);
    const bring = await casToBring(caFilesIn(join(settings.stateFolder, 'cas')), cas);
    if (!bring.ok) return bring;
    for (const { name, text } of bring.value) {
      const brought = await cas.writeNew(name, text);
      if (!brought.ok) return brought;
    }
    const openJournal = () => openStreamJournal(store.journal, { now, leading: lease });
    return await use({ cas, openJournal });
  } finally {
    await lease.release();
  }
}
