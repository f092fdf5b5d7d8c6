import type { Domain } from '@etcd-rotate/protocol';
import type { Secret } from '@etcd-rotate/pki';

/** Keys of canaries, in memory alone: one for each step and domain, forgotten with the step. */
export class Canaries {
  readonly #keys = new Map<string, Secret>();

  keep(step: string, domain: Domain, key: Secret): void {
    this.#keys.set(`${step} ${domain}`, key);
  }

  of(step: string, domain: Domain): Secret | undefined {
    return this.#keys.get(`${step} ${domain}`);
  }

  forget(step: string): void {
    for (const name of [...this.#keys.keys()]) if (name.startsWith(`${step} `)) this.#keys.delete(name);
  }
}
