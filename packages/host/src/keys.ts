import { join } from 'node:path';
import { generateKey } from '@etcd-rotate/pki';
import { type HolderId, type KeyKind, Secret, type Slot } from '@etcd-rotate/protocol';
import { readIfThere, writeDurably } from './durable.ts';

/** Which key of which rotation. */
export interface KeyFor {
  /** The node's folder of the rotation. */
  folder: string;
  holder: HolderId;
  slot: Slot;
}

/**
 * Makes leaf keys on the node that uses them; they never leave it. Keys are begun when a rotation prepares, so that no
 * step waits for one, and lie in the node's state, in the folder of the rotation.
 */
export class Keys {
  readonly #begun = new Map<KeyKind, Promise<Secret>[]>();
  readonly #asked = new Map<string, Promise<Secret>>();
  #tail: Promise<unknown> = Promise.resolve();

  /** Begins to make keys, one after the other: etcd on this machine needs the processor more than we do. */
  begin(kinds: readonly KeyKind[]): void {
    for (const kind of kinds) {
      const key = this.#tail.then(() => generateKey(kind));
      this.#tail = key.catch(() => undefined);
      this.#begun.set(kind, [...(this.#begun.get(kind) ?? []), key]);
    }
  }

  /** The key for a slot: the same one however often it is asked for in one rotation, and by however many at once. */
  forSlot(wanted: KeyFor, kind: KeyKind): Promise<Secret> {
    const path = pathOf(wanted);
    const asked = this.#asked.get(path) ?? this.#make(wanted, kind).finally(() => this.#asked.delete(path));
    this.#asked.set(path, asked);
    return asked;
  }

  async #make(wanted: KeyFor, kind: KeyKind): Promise<Secret> {
    const kept = await readKey(wanted);
    if (kept) return kept;
    const begun = this.#begun.get(kind)?.shift();
    const key = await (begun ?? generateKey(kind));
    await writeDurably(pathOf(wanted), key.reveal());
    return key;
  }
}

/** The key that was made for a slot, or nothing where it is gone. */
export async function readKey(wanted: KeyFor): Promise<Secret | undefined> {
  const text = await readIfThere(pathOf(wanted));
  return text === undefined ? undefined : new Secret(text);
}

function pathOf({ folder, holder, slot }: KeyFor): string {
  return join(folder, 'keys', `${holder.replace('/', '.')}.${slot}.pem`);
}
