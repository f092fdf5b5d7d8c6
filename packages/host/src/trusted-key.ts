import { join } from 'node:path';
import { fail, ok, PublicKey, type Result } from '@etcd-rotate/protocol';
import { readIfThere, writeDurably } from './durable.ts';

/** Whom this node obeys: who has the key of its identity file, or the one that was put in its place since. */
export interface TrustedKey {
  current(): PublicKey;
  /** Resolves when the next start would know it as well; from then on the key from before is refused. */
  replace(key: PublicKey): Promise<Result<void>>;
}

/**
 * @param pinned the coordinator's key of the identity file; with another identity file that is the one again
 * @throws where the file cannot be read: nobody is obeyed whose key may have been replaced
 */
export async function openTrustedKey(folder: string, pinned: PublicKey): Promise<TrustedKey> {
  const path = join(folder, 'coordinator-key');
  let current = (await readReplaced(path, pinned)) ?? pinned;
  return {
    current: () => current,
    replace: async (key) => {
      if (key === current) return ok(undefined);
      try {
        await writeDurably(path, `${pinned} ${key}\n`);
      } catch (error) {
        return fail('bad-file', `${path} cannot be written: ${String(error)}`, 'check the disk', true);
      }
      current = key;
      return ok(undefined);
    },
  };
}

async function readReplaced(path: string, pinned: PublicKey): Promise<PublicKey | undefined> {
  const text = await readIfThere(path);
  if (text === undefined) return undefined;
  const [before, key, ...more] = text.trim().split(' ');
  if (more.length > 0 || !PublicKey.safeParse(before).success || !PublicKey.safeParse(key).success)
    throw new Error(
      `${path} is damaged: whom this node obeys is not known; let it join again, and move the file away`,
    );
  return before === pinned ? key : undefined;
}
