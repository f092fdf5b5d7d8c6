import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type CommandResult, fail, ok, type Result } from '@etcd-rotate/protocol';
import { readIfThere, writeDurably } from './durable.ts';

type Outcome = CommandResult['outcome'];

/** What an agent was told under an id, how far it came, and what it answered. */
export interface CommandRecord {
  /** Digest of what the command says: the same id must mean the same thing. */
  contents: string;
  /** Folders and the generation that was current in each before the change. */
  before?: Record<string, number>;
  outcome?: Outcome;
}

/** The agent's own memory: the epoch it has seen, and its commands. It is on disk before anything is done or answered. */
export interface NodeState {
  folder: string;
  epoch: { current(): number; raise(epoch: number): Promise<Result<void>> };
  record(id: string): CommandRecord | undefined;
  write(id: string, record: CommandRecord): Promise<void>;
  /** The folder of a rotation: copies of what was there before it, and keys made for it. */
  rotationFolder(rotation: string): string;
}

export async function openNodeState(folder: string): Promise<NodeState> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const epochFile = join(folder, 'epoch');
  let epoch = Number((await readIfThere(epochFile)) ?? 0);
  const records = await readRecords(join(folder, 'commands.json'));
  return {
    folder,
    epoch: {
      current: () => epoch,
      raise: async (next) => {
        try {
          await writeDurably(epochFile, `${next}\n`);
        } catch (error) {
          return fail('bad-file', `${epochFile} cannot be written: ${String(error)}`, 'check the disk', true);
        }
        epoch = Math.max(epoch, next);
        return ok(undefined);
      },
    },
    record: (id) => records.get(id),
    write: async (id, record) => {
      records.set(id, record);
      // Old ones are dropped: the coordinator repeats only what is under way.
      for (const old of [...records.keys()].slice(0, -keep)) records.delete(old);
      await writeDurably(join(folder, 'commands.json'), JSON.stringify(Object.fromEntries(records)));
    },
    rotationFolder: (rotation) => join(folder, 'rotations', rotation),
  };
}

const keep = 200;

async function readRecords(path: string): Promise<Map<string, CommandRecord>> {
  const text = await readIfThere(path);
  const records: Record<string, CommandRecord> = text ? JSON.parse(text) : {};
  return new Map(Object.entries(records));
}
