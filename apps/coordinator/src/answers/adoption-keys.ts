import { createSealKey, type SealKey } from '@etcd-rotate/bus';

/** How long a person may take between two steps of one command. */
const lifeMs = 5 * 60_000;
/** More at once would be somebody who asks in a loop. */
const most = 16;

/** Keys to seal CA keys for: made when they are asked for, each for one operator and one use, in memory alone. */
export class AdoptionKeys {
  readonly #now: () => Date;
  readonly #keys = new Map<string, { key: SealKey; operator: string; endsAt: number }>();

  constructor(now: () => Date) {
    this.#now = now;
  }

  /** @returns the public half */
  make(operator: string): string {
    const key = createSealKey();
    this.#forget();
    this.#keys.set(key.publicKey, { key, operator, endsAt: this.#now().getTime() + lifeMs });
    for (const oldest of [...this.#keys.keys()].slice(0, -most)) this.#keys.delete(oldest);
    return key.publicKey;
  }

  /** Gives a key to the operator it was made for, and forgets it. */
  take(publicKey: string, operator: string): SealKey | undefined {
    this.#forget();
    const found = this.#keys.get(publicKey);
    if (found?.operator !== operator) return undefined;
    this.#keys.delete(publicKey);
    return found.key;
  }

  #forget(): void {
    const now = this.#now().getTime();
    for (const [publicKey, { endsAt }] of this.#keys) if (endsAt <= now) this.#keys.delete(publicKey);
  }
}
