import { type Failure, fail } from '@etcd-rotate/protocol';
import { NatsError } from 'nats';
import { natsFailure } from '../failures.ts';

/** Numbers of JetStream's own errors; the texts beside them differ from version to version. */
const codes = {
  wrongLastSequence: 10_071,
  noMessage: 10_037,
  noStream: 10_059,
  notEnabled: 10_076,
  notForAccount: 10_039,
};

/** Somebody else has written there since. */
export function isPassed(error: unknown): boolean {
  return codeOf(error) === codes.wrongLastSequence;
}

export function isNoMessage(error: unknown): boolean {
  return codeOf(error) === codes.noMessage;
}

export function isNoStream(error: unknown): boolean {
  return codeOf(error) === codes.noStream;
}

/** A question to JetStream that was refused or has no answer. */
export function storeFailure(error: unknown, servers: readonly string[]): Failure {
  const where = servers.join(', ');
  const code = codeOf(error);
  const off = code === codes.notEnabled || code === codes.notForAccount;
  if (off || (error instanceof NatsError && error.code === '503')) {
    const hint =
      'turn jetstream on in nats-server (`etcd-rotate-coordinator nats-config` shows how); a cluster needs a majority';
    return fail('nats-away', `JetStream does not answer at ${where}`, hint, true).failure;
  }
  if (code !== undefined) {
    const text = error instanceof Error ? error.message : String(error);
    return fail(
      'nats-away',
      `JetStream at ${where} says: ${text} (${code})`,
      'look at the log of nats-server',
      true,
    ).failure;
  }
  return natsFailure(error, servers);
}

function codeOf(error: unknown): number | undefined {
  return error instanceof NatsError ? error.api_error?.err_code : undefined;
}
