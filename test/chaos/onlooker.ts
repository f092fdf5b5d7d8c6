import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Lab } from '@etcd-rotate/lab';
import type { Seen } from './look-around.ts';

/**
 * Looks on during a run, as somebody who has just come. What anybody refuses is a stranger; a pair that does not belong
 * together is an incomplete generation.
 */
export class Onlooker implements AsyncDisposable {
  readonly seen: Seen = { strangers: [], incomplete: [], accepted: 0 };
  readonly #thread: Worker;
  #rounds = 0;

  constructor({ layout }: Lab) {
    this.#thread = new Worker(new URL('./onlooker-thread.ts', import.meta.url), { workerData: layout });
    this.#thread.on('message', ({ strangers, incomplete, accepted }: Seen) => {
      this.seen.strangers.push(...strangers);
      this.seen.incomplete.push(...incomplete);
      this.seen.accepted += accepted;
      this.#rounds += 1;
    });
  }

  /** Until a round is over that began after now. */
  async lookOnce(): Promise<void> {
    const wanted = this.#rounds + 2;
    while (this.#rounds < wanted) await once(this.#thread, 'message');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.#thread, 'exit');
    this.#thread.postMessage('stop');
    await ended;
  }
}
