import type { KeyValues } from '@etcd-rotate/bus';
import { CoordinatorSeen, type Failure, ok, parse, type Result } from '@etcd-rotate/protocol';

export interface LeaseOptions {
  coordinators: KeyValues;
  /** Who takes it; `leads` and `since` are filled in. */
  holder: Omit<CoordinatorSeen, 'leads' | 'since'>;
  /** How long NATS keeps the lease after it was last renewed. */
  leaseMs: number;
  now: () => Date;
}

/** The lead, for as long as it can be renewed. */
export interface Lease {
  since: string;
  /** By our own clocks: whether nobody else can have taken it yet. */
  holds(): boolean;
  /** Aborted when it is over, with a sentence that says why. It does not come back. */
  lost: AbortSignal;
  /** Gives it up, so that another may lead at once. */
  release(): Promise<void>;
}

export type Taken = { lease: Lease } | { heldBy: CoordinatorSeen | undefined };

const key = 'lead';

/**
 * Takes the lead if nobody has it: a key that NATS forgets when it is not renewed in time, replaced only by whoever
 * knows what he replaces. Its holder stops a quarter of that time earlier than NATS forgets it, by whichever of its
 * clocks is ahead: the one that never steps stands still while a machine sleeps, the other one may be set back.
 */
export async function takeLease(options: LeaseOptions): Promise<Result<Taken>> {
  const { coordinators, holder, now } = options;
  const before = await coordinators.get(key);
  if (!before.ok) return before;
  const heldBy = before.value.value === undefined ? undefined : readSeen(before.value.value);
  // What our own state folder's last process held is ours: we have the folder's lock, so that process is gone.
  if (before.value.value !== undefined && heldBy?.instance !== holder.instance) return ok({ heldBy });
  const since = now().toISOString();
  const askedAt = clocks();
  const text = JSON.stringify({ ...holder, leads: true, since } satisfies CoordinatorSeen);
  const put = await coordinators.put(key, text, before.value.revision);
  switch (put.type) {
    case 'written':
      return ok({ lease: keepLease(options, { text, since, askedAt, revision: put.revision }) });
    case 'passed':
      return ok({ heldBy: undefined });
    case 'unknown':
      // It may have got there. Then it is found to be ours the next time.
      return { ok: false, failure: put.failure };
  }
}

interface First {
  text: string;
  since: string;
  askedAt: Clocks;
  revision: number;
}

function keepLease({ coordinators, holder, leaseMs }: LeaseOptions, first: First): Lease {
  const standsMs = leaseMs - leaseMs / 4;
  const lost = new AbortController();
  let { revision, askedAt } = first;
  const holds = (): boolean => !lost.signal.aborted && since(askedAt) < standsMs;
  const lose = (why: string): void => lost.abort(why);

  async function renew(): Promise<void> {
    let unanswered: { at: Clocks; failure: Failure } | undefined;
    while (!lost.signal.aborted) {
      await pause(unanswered ? leaseMs / 20 : leaseMs / 5, lost.signal);
      if (lost.signal.aborted) return;
      // Woken late: somebody may lead by now, and what we would renew may be his.
      if (!holds()) return lose(late(unanswered?.failure));
      const at = clocks();
      const put = await coordinators.put(key, first.text, revision);
      switch (put.type) {
        case 'written':
          revision = put.revision;
          askedAt = at;
          unanswered = undefined;
          break;
        case 'unknown':
          unanswered = { at: unanswered?.at ?? at, failure: put.failure };
          break;
        case 'passed': {
          const found = await coordinators.get(key);
          const seen = found.ok && found.value.value !== undefined ? readSeen(found.value.value) : undefined;
          if (!found.ok) unanswered = { at: unanswered?.at ?? at, failure: found.failure };
          else if (unanswered && seen?.run === holder.run) {
            // An attempt without an answer got there after all, and not before it was made.
            revision = found.value.revision;
            askedAt = unanswered.at;
            unanswered = undefined;
          } else return lose(seen ? `${seen.name} has taken it` : 'it ended before it was renewed');
        }
      }
    }
  }

  // A timer of its own: an attempt to renew may take longer than the lease stands.
  const watch = setInterval(() => {
    if (!holds()) lose(late(undefined));
  }, leaseMs / 20);
  const renewing = renew();
  lost.signal.addEventListener('abort', () => clearInterval(watch));

  return {
    since: first.since,
    holds,
    lost: lost.signal,
    async release() {
      const held = holds();
      lose('it was given up');
      await renewing;
      if (held) await coordinators.put(key, undefined, revision);
    },
  };
}

function late(failure: Failure | undefined): string {
  return `it could not be renewed in time${failure ? `: ${failure.message}` : ''}`;
}

interface Clocks {
  steady: number;
  wall: number;
}

function clocks(): Clocks {
  return { steady: performance.now(), wall: Date.now() };
}

function since({ steady, wall }: Clocks): number {
  return Math.max(performance.now() - steady, Date.now() - wall);
}

/** What somebody of another version wrote is somebody's all the same. */
export function readSeen(text: string): CoordinatorSeen | undefined {
  try {
    const seen = parse(CoordinatorSeen, JSON.parse(text), 'a coordinator', 'bad-message');
    return seen.ok ? seen.value : undefined;
  } catch {
    return undefined;
  }
}

/** Ends early when the signal does. */
export function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener('abort', done);
  });
}
