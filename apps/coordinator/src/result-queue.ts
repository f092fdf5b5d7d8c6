import type { CommandResult } from '@etcd-rotate/protocol';
import type { ResultQueue } from '@etcd-rotate/runner';

/** Results of one rotation that wait to be written down. */
export class Results implements ResultQueue {
  #arrived: CommandResult[] = [];
  #wake: (() => void) | undefined;
  readonly #closed: () => void;

  constructor(closed: () => void) {
    this.#closed = closed;
  }

  push(result: CommandResult): void {
    this.#arrived.push(result);
    this.#wake?.();
  }

  async next(withinMs: number): Promise<CommandResult[]> {
    if (this.#arrived.length === 0) {
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, withinMs);
        this.#wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      this.#wake = undefined;
    }
    const arrived = this.#arrived;
    this.#arrived = [];
    return arrived;
  }

  [Symbol.dispose](): void {
    this.#closed();
  }
}
