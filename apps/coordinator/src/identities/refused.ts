import type { Refusal } from '@etcd-rotate/bus';
import type { Refused } from '@etcd-rotate/protocol';

/** Counts what was refused, by who it says to be from and by code, since the process started. */
export class RefusedCount {
  readonly #now: () => Date;
  readonly #counts = new Map<string, Refused>();

  constructor(now: () => Date) {
    this.#now = now;
  }

  note({ failure: { code, message }, subject, from }: Refusal): void {
    const who = whoAt(subject, from);
    const key = `${code} ${who}`;
    const count = (this.#counts.get(key)?.count ?? 0) + 1;
    const lastAt = this.#now().toISOString();
    this.#counts.delete(key);
    this.#counts.set(key, { from: who, code, count, lastAt, message: printable(message).slice(0, 500) });
    // Who forges names must not fill our memory: what was seen longest ago is forgotten.
    const [oldest] = this.#counts.size > most ? this.#counts.keys() : [];
    if (oldest !== undefined) this.#counts.delete(oldest);
  }

  /** The latest first. */
  list(): Refused[] {
    return [...this.#counts.values()].reverse();
  }
}

const most = 50;

/** NATS lets each identity speak on its own subjects alone; who a message says to be from, nobody has checked. */
function whoAt(subject: string, from: string | undefined): string {
  const [, , , kind, name] = subject.split('.');
  if (kind === 'node' || kind === 'operator') return printable(`${kind} ${name}`);
  return kind === 'join' ? 'a node that joins' : printable(from ?? subject).slice(0, 100);
}

/** What others wrote is shown on terminals: without what those obey, or what turns text around. */
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '?');
}
