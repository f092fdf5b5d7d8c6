import { fail, ok, type Result } from '@etcd-rotate/protocol';
import {
  DiscardPolicy,
  type JetStreamManager,
  nanos,
  RetentionPolicy,
  StorageType,
  type StreamConfig,
} from 'nats';
import { isNoStream, storeFailure } from './store-failure.ts';

/** The streams of a fleet. A name of ours has no underscore in it, so no fleet reaches another's. */
export function streamsOf(
  fleet: string,
): Record<'journal' | 'shared' | 'coordinators', { name: string; subjects: string }> {
  const bucket = (name: string) => ({
    name: `KV_etcd-rotate_${fleet}_${name}`,
    subjects: `$KV.etcd-rotate_${fleet}_${name}`,
  });
  return {
    journal: { name: `etcd-rotate_${fleet}_journal`, subjects: `etcd-rotate.v1.${fleet}.journal` },
    shared: bucket('shared'),
    coordinators: bucket('coordinators'),
  };
}

/** To make these streams and to read them; nothing that deletes from one or alters it. */
export function apiSubjects(fleet: string): string[] {
  return Object.values(streamsOf(fleet)).flatMap(({ name }) =>
    ['CREATE', 'INFO', 'MSG.GET'].map((what) => `$JS.API.STREAM.${what}.${name}`),
  );
}

export interface StreamsWanted {
  fleet: string;
  replicas: number;
  /** After which an entry of a coordinator that is not heard of is gone. */
  leaseMs: number;
}

/** Makes the streams of a fleet where they are not there, and refuses those that would not keep what we put there. */
export async function ensureStreams(
  manager: JetStreamManager,
  { fleet, replicas, leaseMs }: StreamsWanted,
  servers: readonly string[],
): Promise<Result<void>> {
  const { journal, shared, coordinators } = streamsOf(fleet);
  const kept = { storage: StorageType.File, num_replicas: replicas, discard: DiscardPolicy.New };
  // As the buckets of the `nats` tool are made, so that it can look into them. Reads go to the leader of the stream: any
  // other server might answer with what was there a moment ago.
  const bucket = {
    ...kept,
    max_msgs_per_subject: 1,
    allow_rollup_hdrs: true,
    deny_delete: true,
    allow_direct: false,
  };
  const wanted: Partial<StreamConfig>[] = [
    {
      ...kept,
      name: journal.name,
      subjects: [journal.subjects],
      deny_delete: true,
      deny_purge: true,
      allow_direct: false,
    },
    { ...bucket, name: shared.name, subjects: [`${shared.subjects}.>`] },
    { ...bucket, name: coordinators.name, subjects: [`${coordinators.subjects}.>`], max_age: nanos(leaseMs) },
  ];
  for (const one of wanted) {
    const ensured = await ensure(manager, one, servers);
    if (!ensured.ok) return ensured;
  }
  return ok(undefined);
}

async function ensure(
  manager: JetStreamManager,
  wanted: Partial<StreamConfig>,
  servers: readonly string[],
): Promise<Result<void>> {
  const { name = '' } = wanted;
  try {
    const { config } = await manager.streams.info(name);
    return whyNotFit(config, wanted);
  } catch (error) {
    if (!isNoStream(error)) return { ok: false, failure: storeFailure(error, servers) };
  }
  try {
    // `max_age` and the limits that are not said are none.
    await manager.streams.add({ retention: RetentionPolicy.Limits, ...wanted });
    return ok(undefined);
  } catch (error) {
    return { ok: false, failure: storeFailure(error, servers) };
  }
}

/** Of a stream that is there, whatever would lose entries or let a lease stand for another time than we count on. */
function whyNotFit(config: StreamConfig, wanted: Partial<StreamConfig>): Result<void> {
  const { max_age: age = 0, max_msgs_per_subject: perSubject = -1, subjects = [] } = wanted;
  const seconds = (ns: number): string => (ns === 0 ? 'for ever' : `for ${ns / 1_000_000_000} s`);
  const faults = [
    config.storage !== StorageType.File && 'is kept in memory',
    config.subjects?.join() !== subjects.join() && `takes ${config.subjects?.join(', ')}`,
    config.max_age !== age && `keeps entries ${seconds(config.max_age)}, not ${seconds(age)}`,
    config.retention !== RetentionPolicy.Limits && `drops entries (retention ${config.retention})`,
    config.max_msgs > 0 && `keeps ${config.max_msgs} entries at most`,
    config.max_bytes > 0 && config.discard !== DiscardPolicy.New && 'drops old entries when it is full',
    // One of a CA key too many, and a key that was destroyed is still there.
    (perSubject > 0 || config.max_msgs_per_subject > 0) &&
      perSubject !== config.max_msgs_per_subject &&
      `keeps ${config.max_msgs_per_subject} entries of a subject`,
  ].filter((fault) => fault !== false);
  if (faults.length === 0) return ok(undefined);
  return fail(
    'nats-unsafe',
    `the stream ${config.name} ${faults.join(' and ')}`,
    'give both coordinators the same journal.jetstream; with both stopped, `nats stream edit` makes the stream so',
  );
}
