import type { Log } from '@etcd-rotate/daemon';
import type { Failure, Result } from '@etcd-rotate/protocol';
import { type Lease, pause, type Taken } from './lease.ts';

export interface StandByParts {
  leaseMs: number;
  /** Whether we have what it takes: the same files, the passphrase, a NATS that keeps what it acknowledges. */
  mayLead(): Promise<Result<void>>;
  takeLease(): Promise<Result<Taken>>;
  /** Leads until it is disposed. */
  lead(lease: Lease, onFatal: (failure: Failure) => void): Promise<Result<AsyncDisposable>>;
  /** What is true of us from now on. */
  say(state: { leads: boolean; cannotLead?: Failure | undefined }): void;
  log: Log;
  onStatus(status: string): void;
}

/** Stands by, leads whenever nobody else does, and stands by again when the lead is lost, until it is disposed. */
export function standBy(parts: StandByParts): AsyncDisposable {
  const { leaseMs, log, onStatus } = parts;
  const stop = new AbortController();
  /** What was said last, so that the same thing is said once. */
  let said: string | undefined;

  function once(what: string, say: () => void): void {
    if (said !== what) say();
    said = what;
  }

  function cannot(failure: Failure): void {
    // Where it could not be looked at, it is not a reason of ours, and none that stays.
    if (failure.retryable) {
      once(failure.code, () => log.warn({ failure }, 'cannot look whether to lead'));
      return;
    }
    parts.say({ leads: false, cannotLead: failure });
    once(`${failure.code} ${failure.message}`, () => {
      log.error({ failure }, 'this coordinator will not take the lead');
      onStatus(`will not lead: ${failure.code}`);
    });
  }

  async function keep(): Promise<void> {
    while (!stop.signal.aborted) {
      const fit = await parts.mayLead();
      if (fit.ok) {
        parts.say({ leads: false });
        await untilTakenOrDue();
      } else {
        cannot(fit.failure);
        await pause(leaseMs, stop.signal);
      }
    }
  }

  /** Asks for the lead again and again; whether we may lead at all is looked at anew now and then, and before we do. */
  async function untilTakenOrDue(): Promise<void> {
    for (const due = performance.now() + lookAgainMs; performance.now() < due && !stop.signal.aborted; ) {
      const taken = await parts.takeLease();
      if (taken.ok && 'lease' in taken.value) {
        await using lease = releasing(taken.value.lease);
        return await leadUnder(lease.value);
      }
      if (taken.ok) standingBy(taken.value);
      else once(taken.failure.code, () => log.warn({ failure: taken.failure }, 'cannot ask who leads'));
      await pause(leaseMs / 20, stop.signal);
    }
  }

  function standingBy(taken: Taken): void {
    const leader = 'heldBy' in taken ? taken.heldBy?.name : undefined;
    if (leader === undefined) return;
    once(`standing by ${leader}`, () => {
      log.info({ leader }, 'standing by');
      onStatus(`standing by, ${leader} leads`);
    });
  }

  async function leadUnder(lease: Lease): Promise<void> {
    // Since it was looked at last, an operator may have changed what is the right one.
    const fit = await parts.mayLead();
    if (!fit.ok) {
      cannot(fit.failure);
      await lease.release();
      return pause(leaseMs / 2, stop.signal);
    }
    const fatal = new AbortController();
    const led = await parts.lead(lease, (failure) => fatal.abort(failure));
    if (!led.ok) {
      log.error({ failure: led.failure }, 'the lead was taken and is given back');
      said = undefined;
      await lease.release();
      // So that another one may try.
      return pause(leaseMs / 2, stop.signal);
    }
    said = undefined;
    log.info({ since: lease.since }, 'lead taken');
    parts.say({ leads: true });
    {
      await using _leading = led.value;
      await ended(AbortSignal.any([stop.signal, lease.lost, fatal.signal]));
      parts.say({ leads: false });
      if (lease.lost.aborted) log.warn({ why: lease.lost.reason }, 'lead lost');
      else if (fatal.signal.aborted) log.error({ failure: fatal.signal.reason }, 'lead given up');
      onStatus('standing by');
    }
    if (fatal.signal.aborted) await pause(leaseMs / 2, stop.signal);
  }

  const keeping = keep();
  return {
    async [Symbol.asyncDispose]() {
      stop.abort();
      await keeping;
    },
  };
}

const lookAgainMs = 15_000;

function releasing(lease: Lease): AsyncDisposable & { value: Lease } {
  return { value: lease, [Symbol.asyncDispose]: () => lease.release() };
}

function ended(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve();
    else signal.addEventListener('abort', () => resolve(), { once: true });
  });
}
