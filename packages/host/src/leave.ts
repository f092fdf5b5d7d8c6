import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ok, type Result } from '@etcd-rotate/protocol';
import { replaceDurably } from './durable.ts';
import { hidden, ourLinks, readHeld } from './generation-files.ts';
import type { Folder } from './generations.ts';
import { guarded } from './guarded.ts';
import { sinceOf } from './seen-since.ts';

/**
 * Turns links into plain files again and removes what we made: for taking the agent off a node. With it goes what we noted:
 * to an agent that comes back later, each of them was written now.
 */
export async function leave({ path }: Pick<Folder, 'path'>): Promise<Result<void>> {
  return guarded(path, async () => {
    const links = await ourLinks(path);
    for (const name of links) {
      const file = join(path, name);
      const held = await readHeld(file);
      const since = await sinceOf(file);
      const modified = since instanceof Date ? held.modified : new Date(since.at);
      await replaceDurably(file, held.bytes, { owner: held.owner, ...(modified && { modified }) });
    }
    await rm(join(path, hidden), { recursive: true, force: true });
    return ok(undefined);
  });
}
