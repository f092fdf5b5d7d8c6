import type { Failure } from '@etcd-rotate/protocol';
import { backOff } from './back-off.ts';

/**
 * What becomes of certificates that the signer did not give. One that is away may be back soon, so it is asked again for as
 * long as the policy has patience; one that refuses is not. Either way the rotation does not hold while a change is under way
 * that may stop a member: certificates are asked for ahead, and the step that needs them has not begun.
 */
export class AskSignerAgain {
  readonly #patienceMs: number;
  #failed: { failure: Failure; since: number; times: number; dueAt: number } | undefined;

  constructor({ patience }: { patience: number }) {
    this.#patienceMs = patience;
  }

  gave(): void {
    this.#failed = undefined;
  }

  refused(failure: Failure, now: number): void {
    const { since = now, times = 0 } = this.#failed ?? {};
    const dueAt = failure.retryable ? now + backOff(times) : Number.POSITIVE_INFINITY;
    this.#failed = { failure, since, times: times + 1, dueAt };
  }

  /** Why it is not asked now: it is waited for, or the rotation has to hold. */
  objection(now: number, isChanging: boolean): { wait: number } | { hold: Failure } | undefined {
    if (!this.#failed) return undefined;
    const { failure, since, times, dueAt } = this.#failed;
    const isOver = !failure.retryable || now - since > this.#patienceMs;
    if (isOver && !isChanging) {
      // A resumed rotation asks anew.
      this.#failed = undefined;
      const seconds = Math.round((now - since) / 1000);
      const tried = times > 1 ? ` (asked ${times} times in ${seconds} s)` : '';
      return { hold: { ...failure, message: `${failure.message}${tried}` } };
    }
    return now < dueAt ? { wait: Math.min(dueAt - now, longestWaitMs) } : undefined;
  }
}

const longestWaitMs = 500;
