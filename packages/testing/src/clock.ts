/** When every test begins. */
export const start = new Date('2026-06-01T12:00:00.000Z');

/**
 * A clock that stands still until something is waited for. Events lie on it like appointments, and time jumps from one
 * to the next: a minute of patience takes no time, and the same test always runs in the same order.
 */
export class Clock {
  #now = start.getTime();
  #events: { at: number; happens: () => void }[] = [];

  now = (): Date => new Date(this.#now);

  /** Time passes, and nothing is done meanwhile. */
  pass(ms: number): void {
    this.#now += ms;
  }

  in(ms: number, happens: () => void): void {
    this.#events.push({ at: this.#now + ms, happens });
    // Sorting is stable: of two events at one moment, the one that was planned first comes first.
    this.#events.sort((a, b) => a.at - b.at);
  }

  /** Jumps to the next event and lets it happen, or to `until` where there is none before that. */
  step(until: Date): boolean {
    const [event] = this.#events;
    if (!event || event.at > until.getTime()) {
      this.#now = Math.max(this.#now, until.getTime());
      return false;
    }
    this.#events.shift();
    this.#now = Math.max(this.#now, event.at);
    event.happens();
    return true;
  }
}
