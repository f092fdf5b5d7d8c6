import type { Contents } from '@etcd-rotate/core';
import {
  type HolderId,
  type HolderObservation,
  type KnownCertificate,
  type Names,
  type ProcessSeen,
  type Secret,
  type Slot,
  slots,
  slotsOf,
} from '@etcd-rotate/protocol';
import { aLeaf, type Ca } from './certificates.ts';

/**
 * A process with its files. As in etcd, a leaf is read again at every handshake and a bundle only at the start, so what
 * lies on disk and what is loaded are kept apart.
 */
export class Holder {
  readonly files = new Map<Slot, Contents>();
  readonly keys = new Map<Slot, Secret>();
  readonly #loaded = new Map<Slot, Contents>();
  process: ProcessSeen | undefined;
  writtenAt = 0;
  readonly id: HolderId;
  readonly node: string;
  readonly takes: HolderObservation['takes'];

  readonly oneBundle: boolean;

  constructor({ id, node, takes, oneBundle = false }: HolderKind) {
    this.oneBundle = oneBundle;
    this.id = id;
    this.node = node;
    this.takes = takes;
  }

  /** What a handshake meets now. */
  inUse(slot: Slot): Contents {
    const hot = this.takes === 'by-itself' || (this.isMember && slots[slot].holds === 'leaf');
    return (hot ? this.files.get(slot) : this.#loaded.get(slot)) ?? [];
  }

  get isMember(): boolean {
    return this.id.startsWith('member/');
  }

  load(): void {
    for (const [slot, contents] of this.files) this.#loaded.set(slot, contents);
  }

  /** Whether the process was started, or has read its files again, since they were written. */
  isLoaded(slot: Slot): boolean {
    return this.inUse(slot) === this.files.get(slot);
  }
}

export type HolderKind = Pick<Holder, 'id' | 'node' | 'takes'> & { oneBundle?: boolean };

/** A holder as it is found: everything issued by the CAs of its domains. */
export function aHolder(of: HolderKind, { client, peer }: { client: Ca; peer: Ca }): Holder {
  const holder = new Holder(of);
  for (const slot of slotsOf(holder.id)) {
    const ca = slots[slot].domain === 'client' ? client : peer;
    holder.files.set(
      slot,
      slots[slot].holds === 'bundle'
        ? bundleOf(holder, ca, { client, peer })
        : [firstLeaf(holder.id, slot, ca)],
    );
  }
  if (holder.takes !== 'by-itself') holder.process = { pid: 1000, startedAt: '2026-05-01T00:00:00.000Z' };
  holder.load();
  return holder;
}

function bundleOf(
  { oneBundle, isMember }: Holder,
  ca: Ca,
  { client, peer }: { client: Ca; peer: Ca },
): KnownCertificate[] {
  return oneBundle && isMember && client !== peer ? [client.known, peer.known] : [ca.known];
}

/** A leaf of a slot as it is before any rotation. */
export function firstLeaf(id: HolderId, slot: Slot, ca: Ca): KnownCertificate {
  const [, name = ''] = id.split('/');
  return aLeaf({ ca, commonName: name, usages: slots[slot].usages, names: namesOf(id) });
}

export function namesOf(id: HolderId): Names {
  const [kind, name = ''] = id.split('/');
  return kind === 'member' ? { dns: [`${name}.example`], ip: ['127.0.0.1'] } : { dns: [], ip: [] };
}
