import type { Refusal } from '@etcd-rotate/bus';
import type { Refused } from '@etcd-rotate/protocol';

/** Counts what was refused, by who it says to be from and by code, since the process started. */
export class RefusedCount {
  readonly #now: () => Date;
  readonly #counts = new Map<string, Refused>();

  constructor(now: () => Date) {
    this.#now = now;
  }

  note({ failure: { code, message }, subject, from }: Refusal): void {
    const who = (from ?? subject).slice(0, 100);
    const key = `${code} ${who}`;
    const count = (this.#counts.get(key)?.count ?? 0) + 1;
    const lastAt = this.#now().toISOString();
    this.#counts.delete(key);
    this.#counts.set(key, { from: who, code, count, lastAt, message: message.slice(0, 500) });
    // Who forges names must not fill our memory: what was seen longest ago is forgotten.
    const [oldest] = this.#counts.size > most ? this.#counts.keys() : [];
    if (oldest !== undefined) this.#counts.delete(oldest);
  }

  /** The latest first. */
  list(): Refused[] {
    return [...this.#counts.values()].reverse();
  }
}

const most = 50;
