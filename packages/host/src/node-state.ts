import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  Command,
  type CommandResult,
  type Direction,
  type Failure,
  fail,
  ok,
  type PublicKey,
  type Result,
} from '@etcd-rotate/protocol';
import { readIfThere, writeDurably } from './durable.ts';
import { openReloads, type Reloads } from './reloads.ts';
import { openTrustedKey, type TrustedKey } from './trusted-key.ts';

export type Outcome = CommandResult['outcome'];

/** What an agent was told under an id, how far it came, and what it answered. */
export interface CommandRecord {
  /** Digest of what the command says: the same id must mean the same thing. */
  contents: string;
  /** The command itself, of a change that has no outcome yet: to be gone on with after a start, by this node alone. */
  command?: Command;
  /** Folders and the generation that was current in each before the change. */
  before?: Record<string, number>;
  /** Whether the holder ran before the change; noted before the first file is switched and before a restart. */
  ran?: boolean;
  /** It was decided to put the files of before back, because of this; not known yet to be done. */
  putBack?: Failure;
  outcome?: Outcome;
}

/**
 * The agent's own memory: the epoch it has seen, its commands, and its reloads. It is on disk before anything is done or
 * answered.
 */
export interface NodeState {
  folder: string;
  /** What is wrong with this memory. Nothing but looking is done then: what was begun before is not known. */
  fault: Failure | undefined;
  epoch: { current(): number; raise(epoch: number): Promise<Result<void>> };
  coordinatorKey: TrustedKey;
  record(id: string): CommandRecord | undefined;
  /** Changes that this node was told and has come to no end with, the oldest first; one of a holder at most. */
  unfinished(): Command[];
  /** @throws where it cannot be written; then nothing has changed */
  write(id: string, record: CommandRecord): Promise<void>;
  reloads: Reloads;
  /**
   * The folder of a rotation: copies of what was there before it, and keys made for it. Its way back has one of its own:
   * what is kept of before the way out is never overwritten.
   */
  rotationFolder(rotation: string, direction: Direction): string;
}

/** @param pinned the coordinator's key of the identity file; without one nobody is obeyed */
export async function openNodeState(folder: string, pinned: PublicKey = ''): Promise<NodeState> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const coordinatorKey = await openTrustedKey(folder, pinned);
  const [epochFile, commandsFile] = [join(folder, 'epoch'), join(folder, 'commands.json')];
  const read = [await readEpoch(epochFile), await readRecords(commandsFile)] as const;
  const fault = read.flatMap((one) => (one.ok ? [] : [one.failure]))[0];
  const reloads = await openReloads(join(folder, 'reloads.json'));
  let epoch = read[0].ok ? read[0].value : 0;
  let records = read[1].ok ? read[1].value : new Map<string, CommandRecord>();
  // Commands may be under way together; what they write must not cross.
  let tail: Promise<void> = Promise.resolve();
  const put = async (id: string, record: CommandRecord): Promise<void> => {
    if (fault) throw new Error(fault.message);
    const next = new Map(records);
    // What was written last is dropped last: the coordinator repeats only what is under way.
    next.delete(id);
    next.set(id, record);
    if (record.command) overtake(next, id, record.command);
    const kept = new Map([...next].slice(-keep));
    await writeDurably(commandsFile, JSON.stringify(Object.fromEntries(kept)));
    records = kept;
  };
  return {
    folder,
    fault,
    epoch: {
      current: () => epoch,
      raise: async (next) => {
        if (fault) return { ok: false, failure: fault };
        if (next <= epoch) return ok(undefined);
        try {
          await writeDurably(epochFile, `${next}\n`);
        } catch (error) {
          return fail('bad-file', `${epochFile} cannot be written: ${String(error)}`, 'check the disk', true);
        }
        epoch = next;
        return ok(undefined);
      },
    },
    coordinatorKey,
    record: (id) => records.get(id),
    unfinished: () => [...records.values()].flatMap(({ command }) => command ?? []),
    write: (id, record) => {
      const written = tail.then(() => put(id, record));
      tail = written.catch(() => undefined);
      return written;
    },
    reloads,
    rotationFolder: (rotation, direction) => {
      const forward = join(folder, 'rotations', rotation);
      return direction === 'forward' ? forward : join(forward, 'back');
    },
  };
}

const keep = 200;

/** Whoever tells a holder something new has done with what it was told before: that is not taken up again. */
function overtake(records: Map<string, CommandRecord>, by: string, { cluster, holder }: Command): void {
  for (const [id, { command, ...record }] of records) {
    if (id !== by && command?.cluster === cluster && command.holder === holder) records.set(id, record);
  }
}

async function readEpoch(path: string): Promise<Result<number>> {
  const text = await readIfThere(path);
  if (text === undefined) return ok(0);
  return /^\d{1,15}\n$/.test(text) ? ok(Number(text)) : damaged(path);
}

async function readRecords(path: string): Promise<Result<Map<string, CommandRecord>>> {
  const text = await readIfThere(path);
  if (text === undefined) return ok(new Map());
  try {
    const records: unknown = JSON.parse(text);
    if (typeof records !== 'object' || records === null || Array.isArray(records)) return damaged(path);
    const entries = Object.entries(records as Record<string, CommandRecord>);
    return entries.every(([, one]) => isRecord(one)) ? ok(new Map(entries)) : damaged(path);
  } catch {
    return damaged(path);
  }
}

function isRecord(one: CommandRecord | undefined): boolean {
  const isReadable = one?.command === undefined || Command.safeParse(one.command).success;
  return typeof one?.contents === 'string' && isReadable;
}

function damaged(path: string) {
  return fail(
    'bad-file',
    `${path} is damaged: what this node was told before is not known`,
    'no rotation may be under way on this node: see `rotate status`, then move the file away and restart the agent',
  );
}
