import { ok, type PublicKey, type Result, type Secret } from '@etcd-rotate/protocol';
import { type ConnectOptions, connectNats } from '../connect.ts';
import { natsFailure } from '../failures.ts';
import { watch } from '../nats-status.ts';
import { within } from '../within.ts';
import { type JournalStream, journalStream } from './journal-stream.ts';
import { type KeyValues, keyValues } from './key-values.ts';
import { apiSubjects, ensureStreams, streamsOf } from './streams.ts';

export interface StoreOptions extends ConnectOptions {
  fleet: string;
  /** On how many servers each stream is kept. */
  replicas: number;
  leaseMs: number;
  /** The coordinators', PKCS#8 PEM, and its public half. */
  signingKey: Secret;
  publicKey: PublicKey;
  /** Public halves of those before it, the oldest first. */
  formerKeys?: readonly PublicKey[];
}

/** What the coordinators of a fleet share, in JetStream. */
export interface SharedStore {
  journal: JournalStream;
  /** CA keys, sealed, and what proves that two coordinators have the same files. */
  shared: KeyValues;
  /** Who leads and who is there; gone `leaseMs` after it was last written. */
  coordinators: KeyValues;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Connects to JetStream, by a connection of its own, and makes the streams that are not there. */
export async function connectStore(options: StoreOptions): Promise<Result<SharedStore>> {
  const { fleet, servers, leaseMs } = options;
  const connected = await connectNats(options);
  if (!connected.ok) return connected;
  const nats = connected.value;
  const status = watch(nats, options.onEvent);
  const close = async (): Promise<void> => {
    status.stop();
    await within(closeMs, nats.close()).catch(() => undefined);
  };
  const asking = async (timeoutMs: number) => ({
    client: nats.jetstream({ timeout: timeoutMs }),
    manager: await nats.jetstreamManager({ checkAPI: false, timeout: timeoutMs }),
    servers,
    timeoutMs,
  });
  const patient = await asking(askMs);
  // What is sent into a connection that breaks has no answer, and a lease must be renewed by the next one in time.
  const brisk = await asking(Math.max(leaseMs / 5, soonestMs));
  const refused = apiSubjects(fleet).map((subject) => status.publishRefused(subject));
  const ensured = await ensureStreams(patient.manager, options, servers);
  if (!ensured.ok) {
    await close();
    // A question that the server does not let us ask has no answer; what it says of it comes by another way.
    const refusal = refused.map((why) => why()).find((error) => error !== undefined);
    return refusal ? { ok: false, failure: natsFailure(refusal, servers) } : ensured;
  }
  const { journal, shared, coordinators } = streamsOf(fleet);
  return ok({
    journal: journalStream({
      formerKeys: [],
      ...options,
      ...patient,
      stream: journal.name,
      subject: journal.subjects,
    }),
    shared: keyValues({ ...patient, stream: shared.name, subjects: shared.subjects }),
    coordinators: keyValues({ ...brisk, stream: coordinators.name, subjects: coordinators.subjects }),
    [Symbol.asyncDispose]: close,
  });
}

const askMs = 2_000;
const soonestMs = 300;
const closeMs = 2_000;
