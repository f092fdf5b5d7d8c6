import type { Domain, Secret } from '@etcd-rotate/protocol';

/** So many are kept: of the step under way and of the next. */
const keep = 8;

/** Keys of canaries, in memory alone, by the step and domain they were made for; the oldest are forgotten. */
export class Canaries {
  readonly #keys = new Map<string, Secret>();

  keep(step: string, domain: Domain, key: Secret): void {
    this.#keys.set(`${step} ${domain}`, key);
    for (const old of [...this.#keys.keys()].slice(0, -keep)) this.#keys.delete(old);
  }

  of(step: string, domain: Domain): Secret | undefined {
    return this.#keys.get(`${step} ${domain}`);
  }
}
