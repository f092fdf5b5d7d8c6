import type { Greeting } from '@etcd-rotate/etcd';
import { type Slot, type SlotOnDisk, slots as slotKinds } from '@etcd-rotate/protocol';
import { certificateFile, type Holder, pathsOf, type SlotFiles } from './holders.ts';
import { type Read, startedSince } from './moment.ts';
import { fileWord } from './place.ts';
import { sinceOf } from './seen-since.ts';
import { asKnown, readSlot } from './slot-files.ts';

export type SlotsOnDisk = Partial<Record<Slot, SlotOnDisk>>;

/**
 * The slots of a holder that can be read, as they lie on disk.
 *
 * @param lastRead when its process read its files last
 */
export async function slotsOnDisk(holder: Holder, lastRead: Read | undefined): Promise<SlotsOnDisk> {
  const found = await Promise.all(
    (Object.entries(holder.slots) as [Slot, SlotFiles][]).map(async ([slot, files]) => {
      const [read, file] = await Promise.all([readSlot(files), fileWord(certificateFile(files))]);
      if (!read.ok) return [];
      const certificates = read.value.map(asKnown);
      const loaded = await isLoaded(holder, files, lastRead);
      if (slotKinds[slot].holds === 'bundle')
        return [[slot, { bundle: certificates, file, loaded }] as const];
      // Others read their leaf for every connection.
      const known = holder.kind === 'client' ? { loaded } : {};
      return [[slot, { chain: certificates, file, ...known }] as const];
    }),
  );
  return Object.fromEntries(found.flat());
}

/** The same, with what the ports of a member say that its process has. */
export function withGreetings(
  slots: SlotsOnDisk,
  { client, peer }: { client: Greeting; peer: Greeting },
): SlotsOnDisk {
  const by: Partial<Record<Slot, Greeting>> = {
    'server-leaf': client,
    'client-bundle': client,
    'peer-leaf': peer,
    'peer-bundle': peer,
  };
  return Object.fromEntries(
    (Object.entries(slots) as [Slot, SlotOnDisk][]).map(([slot, onDisk]) => {
      const { served, listed } = by[slot] ?? {};
      if ('chain' in onDisk) return [slot, { ...onDisk, ...(served !== undefined && { served }) }];
      return [slot, { ...onDisk, ...(listed && { listed }) }];
    }),
  );
}

/** The agent's own client reads its files for each look. Of a file that cannot be looked at, nothing is known. */
async function isLoaded(holder: Holder, files: SlotFiles, lastRead: Read | undefined): Promise<boolean> {
  if (holder.kind === 'agent') return true;
  const each = pathsOf(files).map(async (path) => {
    const since = await sinceOf(path).catch(() => undefined);
    return since !== undefined && startedSince(lastRead, since);
  });
  return (await Promise.all(each)).every(Boolean);
}
