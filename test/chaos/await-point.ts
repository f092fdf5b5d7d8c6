import type { Entry } from '@etcd-rotate/protocol';
import type { JournalTail } from './journal-tail.ts';
import { type Kind, kindOf, numberOf, type Point } from './point.ts';
import type { Stepping } from './stepping.ts';
import { wantedNext } from './wanted-next.ts';

export interface Waiting {
  tail: JournalTail;
  asked: AskedFor;
  signal: AbortSignal;
  /** Where the fault must come before anything else is written: the coordinator is left frozen at the point. */
  stepping?: Stepping;
}

/** What an operator or the init system has just set off, and an entry will come of. */
export type Asked = Extract<Kind, 'lead' | 'started' | 'holding' | 'resumed' | 'turned'>;

export interface Reached {
  /** Which entry of its kind, the first being 1. */
  number: number;
  /** Of the entry, or that which it will be of. */
  step?: string;
  /** Whether what comes next is waited for, so that any moment until then is before it. */
  mayWait: boolean;
}

/**
 * Waits until a journal is at a point: after an entry as soon as it is in the file, before one as soon as it is the next.
 *
 * @param asked says when something was set off by hand: the entry that comes of it follows nothing in the journal
 */
export function awaitPoint(point: Point, { tail, asked, signal, stepping }: Waiting): Promise<Reached> {
  return new Promise((resolve, reject) => {
    let busy = false;
    const look = (): void => {
      if (busy) return;
      busy = true;
      stepping?.freeze();
      // What it wrote before it stood still.
      tail.read();
      const reached = isThere(point, tail.entries, asked);
      if (!reached || reached.mayWait) stepping?.thaw();
      busy = false;
      if (reached) done(() => resolve(reached));
    };
    const giveUp = (): void => done(() => reject(new Error(`the rotation ended without ${textOf(point)}`)));
    const done = (settle: () => void): void => {
      following[Symbol.dispose]();
      asking[Symbol.dispose]();
      signal.removeEventListener('abort', giveUp);
      settle();
    };
    signal.addEventListener('abort', giveUp);
    let following: Disposable = { [Symbol.dispose]: () => undefined };
    const asking = asked.follow(() => look());
    following = tail.follow(look);
  });
}

export function textOf({ kind, when }: Point): string {
  return `${when} ${kind}`;
}

/** Which entries were set off by hand, and how often. */
export class AskedFor {
  readonly counts: Partial<Record<Kind, number>> = {};
  readonly #listeners = new Set<() => void>();

  note(kind: Asked): void {
    this.counts[kind] = (this.counts[kind] ?? 0) + 1;
    for (const listener of [...this.#listeners]) listener();
  }

  follow(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }
}

/** The coordinator's first lead is not of a rotation. */
const leadOfRotation = 2;

function isThere(point: Point, entries: readonly Entry[], asked: AskedFor): Reached | undefined {
  const { kind, when } = point;
  const started = entries.find(({ body }) => body.type === 'started')?.body;
  const plan = started?.type === 'started' ? started.plan : undefined;
  if (!plan && kind !== 'started') return undefined;
  const number = kind === 'lead' ? leadOfRotation : plan ? numberOf(point, plan) : 1;
  const there = entries.filter((entry) => kindOf(entry, entries) === kind);
  if (when === 'after') {
    const entry = there[number - 1];
    return entry && { number, ...stepIn(entry), mayWait: false };
  }
  // Its writer was quicker than we: the fault comes all the same, and is told as one that came after.
  const missed = there[number - 1];
  if (missed) return { number, ...stepIn(missed), mayWait: false };
  if (there.length !== number - 1) return undefined;
  const byHand = asked.counts[kind];
  if (byHand !== undefined) return { number, mayWait: true };
  if (kind.startsWith('result ')) return outstanding(kind, number, entries);
  if (kind === 'held' && entries.at(-1)?.body.type === 'holding') return { number, mayWait: false };
  const next = wantedNext(entries);
  return next?.kind === kind ? { number, ...(next.step && { step: next.step }), mayWait: false } : undefined;
}

/** A command of this kind was sent and not answered. */
function outstanding(kind: Kind, number: number, entries: readonly Entry[]): Reached | undefined {
  const sent = entries.filter((entry) => kindOf(entry, entries) === kind.replace('result', 'sent'));
  const answered = new Set(entries.flatMap(({ body }) => (body.type === 'result' ? [body.result.id] : [])));
  const open = sent.find(({ body }) => body.type === 'sent' && !answered.has(body.command.id));
  return open && { number, ...stepIn(open), mayWait: true };
}

function stepIn({ body }: Entry): { step?: string } {
  return 'step' in body ? { step: body.step } : {};
}
