import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Failure, OperatorBody } from '@etcd-rotate/protocol';
import type { Answer, Coordinator } from './coordinator.ts';
import { comesBack } from './exit-codes.ts';

/** So long a coordinator may take to be started again; a slice is short, so that it is asked soon after that. */
const usual = { forMs: 30_000, sliceMs: 5_000, pauseMs: 500 };

export interface Wish<T extends Type> {
  expected: T;
  body: OperatorBody;
  /**
   * Looks whether it was done before it is asked for again, where the coordinator does not know a request again that it
   * answered before it was killed; `unknown` where it does not tell.
   */
  wasDone?: () => Promise<Extract<Answer<T>, { ok: true }> | 'not-done' | 'unknown'>;
}

type Type = Parameters<Coordinator['ask']>[0];

/**
 * Asks for something to be done. While nobody answers it is asked for again, as the same request: a coordinator that was
 * killed may have written it down already, and does it once.
 */
export async function act<T extends Type>(
  coordinator: Pick<Coordinator, 'ask'>,
  { expected, body, wasDone }: Wish<T>,
  { forMs, sliceMs, pauseMs }: typeof usual = usual,
): Promise<Answer<T>> {
  const id = randomUUID();
  const end = Date.now() + forMs;
  let failures: readonly Failure[] = [];
  let isToBeAsked = true;
  do {
    if (isToBeAsked) {
      const answer = await coordinator.ask(expected, body, { id, timeoutMs: sliceMs });
      if (answer.ok || !answer.failures.some(({ code }) => comesBack(code))) return answer;
      failures = answer.failures;
    }
    await sleep(pauseMs);
    const done = (await wasDone?.()) ?? 'not-done';
    if (typeof done === 'object') return done;
    isToBeAsked = done === 'not-done';
  } while (Date.now() < end);
  return { ok: false, failures: failures.map(mayHaveBegun) };
}

function mayHaveBegun(failure: Failure): Failure {
  return {
    ...failure,
    message: `${failure.message}; what was asked for may have begun all the same`,
    hint: `look with \`rotate status\` before you ask again; ${failure.hint}`,
  };
}
