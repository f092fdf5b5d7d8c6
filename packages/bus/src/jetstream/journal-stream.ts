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
  servers: readonly string[];
  timeoutMs: number;
}

interface Block {
  number: number;
  data: Uint8Array;
}

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

  async function at(number: number): Promise<Block> {
    const message = await manager.streams.getMessage(stream, { seq: number });
    return { number, data: believed(message, parts.publicKey) };
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
        return ok({ number: message.seq, data: believed(message, parts.publicKey) });
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
        const blocks: Block[] = [];
        for (let from = 1; from <= state.last_seq; from += atOnce) {
          const count = Math.min(atOnce, state.last_seq - from + 1);
          blocks.push(...(await Promise.all(Array.from({ length: count }, (_, index) => at(from + index)))));
        }
        return ok(blocks);
      } catch (error) {
        return error instanceof Forged ? broken(error.message) : failed(error);
      }
    },
  };
}

/** So many questions are under way when all is read: one by one, each would cost the way there and back. */
const atOnce = 64;

class Forged extends Error {}

function believed({ seq, data, header }: StoredMsg, publicKey: PublicKey): Uint8Array {
  const signature = header?.get(signatureHeader);
  if (signature && verify('journal', { data, signature }, publicKey)) return data;
  throw new Forged(`holds a block ${seq} that no coordinator of this fleet has signed`);
}

function broken(how: string): { ok: false; failure: Failure } {
  return fail(
    'journal-broken',
    `the journal in JetStream ${how}`,
    'look at who may write to NATS; a rotation must not run on from a record that is not true',
  );
}
