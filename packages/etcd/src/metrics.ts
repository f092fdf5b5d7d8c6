import { type EtcdId, fail, ok, type Result } from '@etcd-rotate/protocol';
import { fetchText } from './fetch-text.ts';
import type { Target } from './target.ts';

export interface ActivePeers {
  /** The other members by id, as this member sees them: 1 where its streams to and from them live. */
  peers: Map<EtcdId, 0 | 1>;
  /** Seconds since 1970: a later one than before is a new process. */
  processStartTime: number;
}

/** Old streams keep this green over a broken certificate (facts: etcd, section 0): it proves a new process only. */
export async function activePeers({
  timeoutMs = 1500,
  ...to
}: Omit<Target, 'localAddress'> & { timeoutMs?: number }): Promise<Result<ActivePeers>> {
  const text = await fetchText({ ...to, path: '/metrics', timeoutMs });
  return text.ok ? readMetrics(text.value, to.url) : text;
}

export function readMetrics(text: string, url: string): Result<ActivePeers> {
  const peers = new Map<EtcdId, 0 | 1>();
  for (const [, labels = '', value] of text.matchAll(/^etcd_network_active_peers\{([^}]*)\} (\S+)$/gm)) {
    const remote = /\bRemote="([0-9a-f]{1,16})"/.exec(labels)?.[1];
    if (remote !== undefined) peers.set(remote, Number(value) === 1 ? 1 : 0);
  }
  const processStartTime = Number(/^process_start_time_seconds (\S+)$/m.exec(text)?.[1]);
  if (!Number.isFinite(processStartTime)) {
    const hint = 'see whether the URL is a client URL of etcd';
    return fail('not-reached', `${url}/metrics has no process_start_time_seconds`, hint);
  }
  return ok({ peers, processStartTime });
}
