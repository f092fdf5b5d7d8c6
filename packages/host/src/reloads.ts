import { ok, type Result } from '@etcd-rotate/protocol';
import { readIfThere, writeDurably } from './durable.ts';
import type { Holder } from './holders.ts';
import { isMoment, type Moment, type Read, readAt } from './moment.ts';
import type { Process } from './processes.ts';

/** A process that was told to read its files again, and did as far as its command says. */
export interface Reload {
  pid: number;
  startTicks: number;
  /** Right before the command: what was written while it ran may have been read, or not. */
  at: Moment;
}

/** The last reload of each client of this node. */
export interface Reloads {
  of(holder: Holder): Reload | undefined;
  note(holder: Holder, reload: Reload): Promise<Result<void>>;
}

/** Where the file is damaged or gone nothing is known, and clients are rather reloaded once too often. */
export async function openReloads(path: string): Promise<Reloads> {
  let all = parsed(await readIfThere(path).catch(() => undefined));
  // Clients may be reloaded together; what is written must not cross.
  let tail: Promise<unknown> = Promise.resolve();
  const put = async (key: string, reload: Reload): Promise<Result<void>> => {
    const next = new Map(all).set(key, reload);
    await writeDurably(path, JSON.stringify(Object.fromEntries(next)));
    all = next;
    return ok(undefined);
  };
  return {
    of: (holder) => all.get(keyOf(holder)),
    note: (holder, reload) => {
      const written = tail.then(() => put(keyOf(holder), reload));
      tail = written.catch(() => undefined);
      return written;
    },
  };
}

/** When a process read its files last: at its start, or at a reload of ours since. */
export async function lastRead(
  reloads: Reloads,
  holder: Holder,
  process: Process | undefined,
): Promise<Read | undefined> {
  const reload = reloads.of(holder);
  const isSame = process && reload?.pid === process.pid && reload.startTicks === process.startTicks;
  // In another boot, the same numbers are another process.
  return (isSame ? await readAt(reload.at) : undefined) ?? process;
}

function keyOf({ cluster, holder }: Holder): string {
  return `${cluster} ${holder}`;
}

function parsed(text: string | undefined): Map<string, Reload> {
  try {
    const all: unknown = JSON.parse(text ?? '{}');
    const entries = Object.entries(typeof all === 'object' && all !== null ? all : {});
    return new Map(entries.filter((entry): entry is [string, Reload] => isReload(entry[1])));
  } catch {
    return new Map();
  }
}

function isReload(value: unknown): boolean {
  const { pid, startTicks, at }: Partial<Reload> = typeof value === 'object' && value !== null ? value : {};
  return Number.isInteger(pid) && Number.isInteger(startTicks) && isMoment(at);
}
