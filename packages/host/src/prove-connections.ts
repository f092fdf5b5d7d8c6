import { setTimeout as sleep } from 'node:timers/promises';
import type { Proof } from '@etcd-rotate/protocol';
import { connectionsTo } from './processes.ts';

interface Renewed {
  where: string;
  pid: number;
  /** The members' client URLs. */
  urls: readonly string[];
  /** Connections from before the reload. */
  before: ReadonlySet<string>;
  deadlineMs: number;
}

/**
 * Every connection of a client to the members is newer than its files: it was verified with what the client has loaded
 * since. That it loaded the new files is its own word, given by its reload; a process that can be restarted proves more.
 */
export async function proveConnectionsRenewed({
  where,
  pid,
  urls,
  before,
  deadlineMs,
}: Renewed): Promise<Proof[]> {
  const until = performance.now() + deadlineMs;
  for (;;) {
    const now = await connectionsTo(pid, urls);
    const old = [...now].filter((inode) => before.has(inode)).length;
    const fresh = now.size - old;
    const renewed = old === 0 && fresh > 0;
    if (renewed || performance.now() > until)
      return [{ what: 'connections-renewed', where, ...said(fresh, old) }];
    await sleep(5);
  }
}

/** Where none is seen nothing is known, and not that all is well: it may talk to the members in a way unseen from here. */
function said(fresh: number, old: number): Pick<Proof, 'verdict' | 'detail'> {
  if (fresh + old === 0) {
    const detail =
      'no connection of it to a member was seen: it may go through a proxy, or from another process';
    return { verdict: 'not-provable', detail };
  }
  const detail = `${fresh} connections to members were opened since, ${old} are from before`;
  return { verdict: old === 0 ? 'proven' : 'disproven', detail };
}
