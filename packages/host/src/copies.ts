import { join } from 'node:path';
import { keyMatches } from '@etcd-rotate/pki';
import {
  fail,
  type HolderId,
  type KeptLeaf,
  ok,
  type Result,
  Secret,
  type Slot,
} from '@etcd-rotate/protocol';
import { readIfThere, writeDurably } from './durable.ts';
import type { Holder, SlotFiles } from './holders.ts';
import { parsedPem } from './parsed-pem.ts';
import { readSmall } from './read-small.ts';
import type { Pair } from './slot-files.ts';

/**
 * A copy of every slot file as it was before the rotation, in the node's state. It is kept for a person to go back to,
 * and it is how the old leaves are tried: accepted until retire, refused afterwards.
 *
 * @returns how many files were copied; what was copied already is left as it was
 */
export async function copySlots(holders: readonly Holder[], folder: string): Promise<Result<number>> {
  const wanted = holders.flatMap(({ holder, slots }) =>
    Object.entries(slots).flatMap(([slot, files]) =>
      Object.entries(files).map(([part, path]) => ({
        path,
        copy: pathOf(folder, holder, `${slot}.${part}`),
      })),
    ),
  );
  // Together: the file system makes one commit of many syncs.
  const copied = await Promise.all(wanted.map(copyOnce));
  const failed = copied.find((one) => !one.ok);
  if (failed && !failed.ok) return failed;
  return ok(copied.filter((one) => one.ok && one.value).length);
}

/** @returns whether it was copied now */
async function copyOnce({ path, copy }: { path: string; copy: string }): Promise<Result<boolean>> {
  try {
    if ((await readIfThere(copy)) !== undefined) return ok(false);
    await writeDurably(copy, (await readSmall(path)).bytes);
    return ok(true);
  } catch (error) {
    const hint = 'see that the file is there and that the state folder has room';
    return fail('bad-file', `${path} cannot be copied to ${copy}: ${String(error)}`, hint);
  }
}

/** A leaf pair as it was before the rotation. */
export async function oldPair(folder: string, holder: HolderId, slot: Slot): Promise<Pair | undefined> {
  const [cert, key] = await Promise.all(
    ['cert', 'key'].map((part) => readIfThere(pathOf(folder, holder, `${slot}.${part}`))),
  );
  return cert !== undefined && key !== undefined ? { cert, key: new Secret(key) } : undefined;
}

/** The leaves of which a usable pair is there: a copy that is cut, changed or not to be read is none. */
export async function keptLeaves(
  holders: readonly Holder[],
  folder: string,
): Promise<Omit<KeptLeaf, 'direction'>[]> {
  const looked = holders.flatMap(({ holder, slots }) =>
    (Object.entries(slots) as [Slot, SlotFiles][])
      .filter(([, files]) => 'cert' in files)
      .map(async ([slot]) => {
        const pair = await oldPair(folder, holder, slot).catch(() => undefined);
        const chain = pair && parsedPem(pair.cert);
        const leaf = chain?.ok ? chain.value[0] : undefined;
        if (!pair || !leaf || !keyMatches(leaf, pair.key)) return [];
        return [{ holder, slot, fingerprint: leaf.facts.fingerprint }];
      }),
  );
  return (await Promise.all(looked)).flat();
}

function pathOf(folder: string, holder: HolderId, name: string): string {
  return join(folder, 'before', holder.replace('/', '.'), `${name}.pem`);
}
