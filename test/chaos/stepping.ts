import type { Service } from '@etcd-rotate/lab';

/**
 * Holds the coordinator still between two entries: what it writes next is within milliseconds of what it wrote, and a
 * fault that shall come in between needs time to look. For a process it is as if it were not given a processor.
 */
export class Stepping implements Disposable {
  readonly #coordinator: Service;
  #frozen: number | undefined;

  constructor(coordinator: Service) {
    this.#coordinator = coordinator;
  }

  freeze(): void {
    this.#frozen ??= this.#coordinator.pid();
    if (this.#frozen !== undefined) this.#signal('SIGSTOP');
  }

  thaw(): void {
    if (this.#frozen !== undefined) this.#signal('SIGCONT');
    this.#frozen = undefined;
  }

  [Symbol.dispose](): void {
    this.thaw();
  }

  #signal(signal: NodeJS.Signals): void {
    try {
      process.kill(this.#frozen ?? 0, signal);
    } catch {
      // It was killed meanwhile.
    }
  }
}
