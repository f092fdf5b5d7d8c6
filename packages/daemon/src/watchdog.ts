import { setTimeout as sleep } from 'node:timers/promises';

export interface WatchdogOptions {
  /** From `watchdogMs`; where it is undefined nobody watches, and nothing is done. */
  withinMs: number | undefined;
  /**
   * Asked before each ping: whether what this program is for still works, or is known not to and is being mended. It may
   * look at something, and take its time.
   */
  isAlive(): boolean | Promise<boolean>;
  ping(): Promise<void>;
  /** Told once when there is no ping for now. */
  onSilent(): void;
}

/** How long systemd waits for a ping before it kills us, in ms; undefined where it does not watch this process. */
export function watchdogMs(
  { WATCHDOG_USEC, WATCHDOG_PID }: { WATCHDOG_USEC?: string | undefined; WATCHDOG_PID?: string | undefined },
  pid: number,
): number | undefined {
  const micros = Number(WATCHDOG_USEC);
  if (!Number.isSafeInteger(micros) || micros <= 0) return undefined;
  // One that is meant for who started us is none of ours.
  if (WATCHDOG_PID !== undefined && Number(WATCHDOG_PID) !== pid) return undefined;
  return micros / 1000;
}

/**
 * Pings twice as often as it must, from the event loop, and only while we are alive: a process that hangs is killed and
 * started again, which every program here survives.
 */
export function watchdog({ withinMs, isAlive, ping, onSilent }: WatchdogOptions): Disposable {
  const stop = new AbortController();
  const { signal } = stop;
  const pause = (ms: number): Promise<void> => sleep(ms, undefined, { signal }).catch(() => undefined);

  async function keep(ms: number): Promise<void> {
    let wasAlive = true;
    while (!signal.aborted) {
      const alive = await isAlive();
      if (alive && !signal.aborted) await ping();
      if (!alive && wasAlive) onSilent();
      wasAlive = alive;
      // What is not known now may be known in a moment: half of the time must be enough for that.
      await pause(alive ? ms / 2 : ms / 20);
    }
  }

  if (withinMs !== undefined) void keep(withinMs);
  return { [Symbol.dispose]: () => stop.abort() };
}
