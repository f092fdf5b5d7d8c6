import { type Failure, fail, ok, type PublicKey, type Result, type Secret } from '@etcd-rotate/protocol';
import { headers, type JetStreamClient, type JetStreamManager, type StoredMsg } from 'nats';
import { sign, verify } from '../signing.ts';
import { isNoMessage, isPassed, storeFailure } from './store-failure.ts';

export interface StreamParts {
  client: JetStreamClient;
  manager: JetStreamManager;
  stream: string;
  subject: string;
  /** The coordinators', PKCS#8 PEM, and its public half. */
  signingKey: Secret;
  publicKey: PublicKey;
  /** Of the keys before that one, the oldest first. */
  formerKeys: readonly PublicKey[];
  servers: readonly string[];
  timeoutMs: number;
}

interface Block {
  number: number;
  data: Uint8Array;
}

/** Which of the keys, the oldest first, a block was signed with. */
type Signed = Block & { by: number };

/** Appending to a stream and reading it, as `openStreamJournal` wants it. */
export interface JournalStream {
  append(
    data: Uint8Array,
    after: number,
  ): Promise<
    { type: 'appended'; number: number } | { type: 'passed' } | { type: 'unknown'; failure: Failure }
  >;
  last(): Promise<Result<Block>>;
  all(): Promise<Result<Block[]>>;
}

const signatureHeader = 'Etcd-Rotate-Signature';
const expectedHeader = 'Nats-Expected-Last-Subject-Sequence';

/**
 * The journal's stream. Each block is signed with the key of the coordinators: whoever has NATS could otherwise write a
 * rotation into the journal, which would then be carried out.
 */
export function journalStream(parts: StreamParts): JournalStream {
  const { client, manager, stream, subject, servers, timeoutMs } = parts;
  const failed = (error: unknown): { ok: false; failure: Failure } => ({
    ok: false,
    failure: storeFailure(error, servers),
  });

  const keys = [...parts.formerKeys, parts.publicKey];

  async function at(number: number): Promise<Signed> {
    return believed(await manager.streams.getMessage(stream, { seq: number }), keys);
  }

  return {
    async append(data, after) {
      const made = headers();
      made.set(signatureHeader, sign('journal', data, parts.signingKey));
      made.set(expectedHeader, String(after));
      try {
        const { seq } = await client.publish(subject, data, { headers: made, timeout: timeoutMs });
        return { type: 'appended', number: seq };
      } catch (error) {
        return isPassed(error)
          ? { type: 'passed' }
          : { type: 'unknown', failure: storeFailure(error, servers) };
      }
    },
    async last() {
      try {
        const message = await manager.streams.getMessage(stream, { last_by_subj: subject });
        return ok(believed(message, keys));
      } catch (error) {
        if (isNoMessage(error)) return ok({ number: 0, data: new Uint8Array() });
        return error instanceof Forged ? broken(error.message) : failed(error);
      }
    },
    async all() {
      try {
        const { state } = await manager.streams.info(stream);
        if (state.messages !== state.last_seq)
          return broken(`has ${state.messages} blocks and ${state.last_seq} were written`);
        const blocks: Signed[] = [];
        for (let from = 1; from <= state.last_seq; from += atOnce) {
          const count = Math.min(atOnce, state.last_seq - from + 1);
          blocks.push(...(await Promise.all(Array.from({ length: count }, (_, index) => at(from + index)))));
        }
        // Whoever has a key that was replaced must not be able to write with it any more.
        const late = blocks.find(({ by }, index) => by < (blocks[index - 1]?.by ?? 0));
        return late
          ? broken(`holds a block ${late.number} signed with a key that was replaced before`)
          : ok(blocks);
      } catch (error) {
        return error instanceof Forged ? broken(error.message) : failed(error);
      }
    },
  };
}

/** So many questions are under way when all is read: one by one, each would cost the way there and back. */
const atOnce = 64;

class Forged extends Error {}

function believed({ seq, data, header }: StoredMsg, keys: readonly PublicKey[]): Signed {
  const signature = header?.get(signatureHeader);
  const by = signature ? keys.findLastIndex((key) => verify('journal', { data, signature }, key)) : -1;
  if (by >= 0) return { number: seq, data, by };
  throw new Forged(`holds a block ${seq} that no coordinator of this fleet has signed`);
}

function broken(how: string): { ok: false; failure: Failure } {
  return fail(
    'journal-broken',
    `the journal in JetStream ${how}`,
    'look at who may write to NATS; a rotation must not run on from a record that is not true',
  );
}
