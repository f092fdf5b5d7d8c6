import type { Greeting } from '@etcd-rotate/etcd';
import { type Slot, type SlotOnDisk, slots as slotKinds } from '@etcd-rotate/protocol';
import { sinceOf } from './generations.ts';
import { certificateFile, type Holder, type SlotFiles } from './holders.ts';
import { startedSince } from './moment.ts';
import { fileWord } from './place.ts';
import type { Process } from './processes.ts';
import { asKnown, readSlot } from './slot-files.ts';

export type SlotsOnDisk = Partial<Record<Slot, SlotOnDisk>>;

/** The slots of a holder that can be read, as they lie on disk. */
export async function slotsOnDisk(holder: Holder, process: Process | undefined): Promise<SlotsOnDisk> {
  const found = await Promise.all(
    (Object.entries(holder.slots) as [Slot, SlotFiles][]).map(async ([slot, files]) => {
      const [read, file] = await Promise.all([readSlot(files), fileWord(certificateFile(files))]);
      if (!read.ok) return [];
      const certificates = read.value.map(asKnown);
      if (slotKinds[slot].holds === 'leaf') return [[slot, { chain: certificates, file }] as const];
      return [
        [slot, { bundle: certificates, file, loaded: await isLoaded(holder, files, process) }] as const,
      ];
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

/** A holder that reloads says itself when it has read its files; one that has no process reads them at its start. */
async function isLoaded(holder: Holder, files: SlotFiles, process: Process | undefined): Promise<boolean> {
  if (holder.kind === 'agent' || (holder.kind === 'client' && (holder.reload || !process))) return true;
  const since = await sinceOf(certificateFile(files)).catch(() => undefined);
  return since !== undefined && startedSince(process, since);
}
