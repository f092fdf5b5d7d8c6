// The calls of etcd's API that load and probes make; numbers are those of etcd's rpc.proto and kv.proto.

import type { ClientHttp2Session } from 'node:http2';
import { type CallFailed, call, cancel, frame, open } from './call.ts';
import { encode, type Field, type Message } from './wire.ts';

export interface KeyValue {
  key: string;
  value: string;
  /** The revision at which the key was made. */
  created: number;
}

/** A linearizable read of one key, which any value or none answers. */
export async function read(session: ClientHttp2Session, key: string, timeout: number): Promise<void> {
  await call(session, { path: '/etcdserverpb.KV/Range', body: encode([[1, key]]), timeout });
}

export interface Page {
  pairs: KeyValue[];
  more: boolean;
}

/** Keys from `from` up to, not including, `to`. */
export async function readRange(
  session: ClientHttp2Session,
  { from, to, limit, timeout }: { from: string; to: string; limit: number; timeout: number },
): Promise<Page> {
  const fields: Field[] = [
    [1, from],
    [2, to],
    [3, limit],
  ];
  const answer = await call(session, { path: '/etcdserverpb.KV/Range', body: encode(fields), timeout });
  return { pairs: answer.messages(2).map(keyValue), more: answer.number(3) === 1 };
}

/** The revision of the newest change under a prefix, 0 when there is none. */
export async function newestRevision(
  session: ClientHttp2Session,
  { from, to, timeout }: { from: string; to: string; timeout: number },
): Promise<number> {
  const descending = 2;
  const byModification = 3;
  const fields: Field[] = [
    [1, from],
    [2, to],
    [3, 1],
    [5, descending],
    [6, byModification],
    [8, 1],
  ];
  const answer = await call(session, { path: '/etcdserverpb.KV/Range', body: encode(fields), timeout });
  return answer.messages(2)[0]?.number(3) ?? 0;
}

/**
 * Puts a key unless it is there already, so that a put of which the answer was lost may be sent again. Answers with the
 * revision at which the key was made, by this call or by an earlier one.
 */
export async function create(
  session: ClientHttp2Session,
  { key, value, timeout }: { key: string; value: string; timeout: number },
): Promise<number> {
  const createRevision = 1;
  const isAbsent = encode([
    [2, createRevision],
    [3, key],
    [5, 0],
  ]);
  const put = encode([
    [
      2,
      encode([
        [1, key],
        [2, value],
      ]),
    ],
  ]);
  const get = encode([[1, encode([[1, key]])]]);
  const body = encode([
    [1, isAbsent],
    [2, put],
    [3, get],
  ]);
  const answer = await call(session, { path: '/etcdserverpb.KV/Txn', body, timeout });
  if (answer.number(2) === 1) return answer.message(1).number(3);
  const [found] = answer.message(3).message(1).messages(2);
  if (!found) throw new Error(`etcd says that ${key} is there and does not show it`);
  return found.number(2);
}

export interface WatchEvents {
  onCreated(): void;
  /** Changes of one revision or several, in etcd's order. */
  onPuts(puts: KeyValue[]): void;
  onEnd(failure: CallFailed | undefined): void;
}

/** Watches a prefix from a revision on; the returned function ends the watch. */
export function watch(
  session: ClientHttp2Session,
  { from, to, revision }: { from: string; to: string; revision: number },
  { onCreated, onPuts, onEnd }: WatchEvents,
): () => void {
  const stream = open(session, '/etcdserverpb.Watch/Watch', {
    onMessage(message) {
      if (message.number(4) === 1) return cancel(stream);
      if (message.number(3) === 1) onCreated();
      onPuts(message.messages(11).map((event) => keyValue(event.message(2))));
    },
    onEnd,
  });
  const create = encode([
    [1, from],
    [2, to],
    [3, revision],
  ]);
  stream.write(frame(encode([[1, create]])));
  return () => cancel(stream);
}

function keyValue(message: Message): KeyValue {
  return {
    key: message.bytes(1).toString(),
    created: message.number(2),
    value: message.bytes(5).toString(),
  };
}
