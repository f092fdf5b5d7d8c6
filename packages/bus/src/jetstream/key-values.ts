import { type Failure, ok, type Result } from '@etcd-rotate/protocol';
import { headers, type JetStreamClient, type JetStreamManager } from 'nats';
import { isNoMessage, isPassed, storeFailure } from './store-failure.ts';

export interface KeyValue {
  /** Undefined where there is none, or not any more. */
  value: string | undefined;
  /** What a `put` must name to replace exactly this. */
  revision: number;
}

export type Put =
  | { type: 'written'; revision: number }
  /** Somebody else has written there. */
  | { type: 'passed' }
  /** No answer: it may be there, and may still get there. */
  | { type: 'unknown'; failure: Failure };

/** Values by key, each replaced only by whoever knows what he replaces. */
export interface KeyValues {
  /** What is there now, from the one server that decides it. */
  get(key: string): Promise<Result<KeyValue>>;
  /** @param revision what `get` said; left out, whatever is there is replaced */
  put(key: string, value: string | undefined, revision?: number): Promise<Put>;
  keys(): Promise<Result<string[]>>;
}

export interface KeyValueParts {
  client: JetStreamClient;
  manager: JetStreamManager;
  stream: string;
  /** Without the key. */
  subjects: string;
  servers: readonly string[];
  timeoutMs: number;
}

const expectedHeader = 'Nats-Expected-Last-Subject-Sequence';
const operationHeader = 'KV-Operation';

/**
 * A bucket of NATS, spoken to in the words below the client's own: that one reads from any replica, and a lease must not
 * be judged by what was there a moment ago.
 */
export function keyValues({
  client,
  manager,
  stream,
  subjects,
  servers,
  timeoutMs,
}: KeyValueParts): KeyValues {
  const failed = (error: unknown): { ok: false; failure: Failure } => ({
    ok: false,
    failure: storeFailure(error, servers),
  });
  return {
    async get(key) {
      try {
        const { data, header, seq } = await manager.streams.getMessage(stream, {
          last_by_subj: `${subjects}.${key}`,
        });
        const gone = header?.get(operationHeader);
        return ok({ value: gone ? undefined : new TextDecoder().decode(data), revision: seq });
      } catch (error) {
        return isNoMessage(error) ? ok({ value: undefined, revision: 0 }) : failed(error);
      }
    },
    async put(key, value, revision) {
      const made = headers();
      if (revision !== undefined) made.set(expectedHeader, String(revision));
      if (value === undefined) made.set(operationHeader, 'DEL');
      try {
        const data = new TextEncoder().encode(value ?? '');
        const { seq } = await client.publish(`${subjects}.${key}`, data, {
          headers: made,
          timeout: timeoutMs,
        });
        return { type: 'written', revision: seq };
      } catch (error) {
        return isPassed(error)
          ? { type: 'passed' }
          : { type: 'unknown', failure: storeFailure(error, servers) };
      }
    },
    async keys() {
      try {
        const { state } = await manager.streams.info(stream, { subjects_filter: `${subjects}.>` });
        return ok(Object.keys(state.subjects ?? {}).map((subject) => subject.slice(subjects.length + 1)));
      } catch (error) {
        return failed(error);
      }
    },
  };
}
