import type { KeyValues } from '@etcd-rotate/bus';
import type { CoordinatorSeen, Failure } from '@etcd-rotate/protocol';
import { pause, readSeen } from './lease.ts';

export interface RollOptions {
  coordinators: KeyValues;
  own: Omit<CoordinatorSeen, 'leads' | 'since' | 'cannotLead'>;
  leaseMs: number;
  now: () => Date;
}

/** Which coordinators there are. */
export interface Roll extends AsyncDisposable {
  /** What is true of us from now on. */
  say(state: { leads: boolean; cannotLead?: Failure | undefined }): void;
  /** As they were heard of last, by name. */
  list(): CoordinatorSeen[];
}

const prefix = 'coordinator.';

/** Where a coordinator says that it is there. */
export function rollKey(name: string): string {
  return `${prefix}${name}`;
}

/** Says again and again that we are there, and reads who else is: who says nothing is forgotten by NATS. */
export function keepRoll({ coordinators, own, leaseMs, now }: RollOptions): Roll {
  const stop = new AbortController();
  let again = new AbortController();
  let state: CoordinatorSeen = { ...own, leads: false, since: now().toISOString() };
  let others: CoordinatorSeen[] = [];

  async function keep(): Promise<void> {
    while (!stop.signal.aborted) {
      again = new AbortController();
      // Whoever reads it knows what he sees, so nothing hangs on whether it got there.
      await coordinators.put(rollKey(own.name), JSON.stringify(state));
      if (state.leads) others = await read();
      await pause(leaseMs / 3, AbortSignal.any([again.signal, stop.signal]));
    }
  }

  async function read(): Promise<CoordinatorSeen[]> {
    const keys = await coordinators.keys();
    if (!keys.ok) return others;
    const asked = keys.value.filter((key) => key.startsWith(prefix) && key !== rollKey(own.name));
    const found = await Promise.all(asked.map((key) => coordinators.get(key)));
    return found.flatMap((one) => {
      const seen = one.ok && one.value.value !== undefined ? readSeen(one.value.value) : undefined;
      // Who led until a moment ago has not said yet that he does not.
      return seen ? [{ ...seen, leads: false }] : [];
    });
  }

  const keeping = keep();
  return {
    say({ leads, cannotLead }) {
      if (state.leads === leads && state.cannotLead?.message === cannotLead?.message) return;
      const since = state.leads === leads ? state.since : now().toISOString();
      state = { ...own, leads, since, ...(cannotLead && { cannotLead }) };
      again.abort();
    },
    list: () => [state, ...others].sort((a, b) => (a.name < b.name ? -1 : 1)),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await keeping;
      await coordinators.put(rollKey(own.name), undefined);
    },
  };
}
