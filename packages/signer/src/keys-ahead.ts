import { generateKey } from '@etcd-rotate/pki';
import { type KeyKind, Secret } from '@etcd-rotate/protocol';
import { type Sealed, seal, unseal } from './seal.ts';

const header = JSON.stringify(['etcd-rotate key made ahead', 1]);

/**
 * Keys for CAs that will probably be created, so that a rotation need not wait for them. A plan may lie for days before
 * it is run, so they wait sealed with the folder's key, as those on disk do, and go with the process.
 */
export class KeysAhead {
  readonly #folderKey: Buffer;
  readonly #waiting = new Map<KeyKind, Promise<Sealed | undefined>[]>();
  #isClosed = false;

  constructor(folderKey: Buffer) {
    this.#folderKey = folderKey;
  }

  /** Begins to make as many of each kind as are wanted at once. */
  make(kinds: readonly KeyKind[]): void {
    for (const kind of new Set(kinds)) {
      const there = this.#waiting.get(kind) ?? [];
      const wanted = kinds.filter((one) => one === kind).length;
      while (there.length < wanted) there.push(this.#sealed(kind));
      this.#waiting.set(kind, there);
    }
  }

  /** One that waits, or a new one. */
  async take(kind: KeyKind): Promise<Secret> {
    const sealed = await this.#waiting.get(kind)?.shift();
    const content = sealed && unseal(sealed, this.#folderKey, header);
    if (!content) return generateKey(kind);
    const key = new Secret(content.toString());
    content.fill(0);
    return key;
  }

  close(): void {
    this.#isClosed = true;
    this.#waiting.clear();
  }

  async #sealed(kind: KeyKind): Promise<Sealed | undefined> {
    const key = await generateKey(kind);
    // The key of the folder is zeros by now: nothing may be sealed with that.
    if (this.#isClosed) return undefined;
    const content = Buffer.from(key.reveal());
    const sealed = seal(content, this.#folderKey, header);
    content.fill(0);
    return sealed;
  }
}
