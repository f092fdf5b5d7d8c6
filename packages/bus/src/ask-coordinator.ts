import { randomUUID } from 'node:crypto';
import {
  fail,
  type OperatorBody,
  type OperatorReply,
  type OperatorRequest,
  type PublicKey,
  type Secret,
  subjects,
} from '@etcd-rotate/protocol';
import { isRefusal, readAck } from './ack.ts';
import type { Bus } from './bus.ts';
import { decode, encode } from './codec.ts';
import { theCoordinator } from './the-coordinator.ts';

export interface AskOptions {
  fleet: string;
  operator: string;
  /** The operator's, PKCS#8 PEM. */
  signingKey: Secret;
  coordinatorKey: PublicKey;
  /** Told of the key that the coordinator signs with from now on, by the one that we know. */
  onNewKey?: (key: PublicKey) => void;
  now: () => Date;
}

export interface Question {
  body: OperatorBody;
  timeoutMs: number;
  /** The same id for the same question asked again: what it asks for is then done once. */
  id?: string;
}

/** The operator's side: asks once and believes only what the coordinator signed for this very request. */
export async function askCoordinator(
  bus: Bus,
  options: AskOptions,
  question: Question,
): Promise<OperatorReply['outcome']> {
  const request = requestFor(question, options);
  const envelope = encode('request', request, options.signingKey);
  if (!envelope.ok) return { ok: false, failures: [envelope.failure] };
  const message = { ...envelope.value, from: options.operator };
  const answer = await bus.request(
    subjects.request(options.fleet, options.operator),
    message,
    theCoordinator(question.timeoutMs),
  );
  if (!answer.ok) return { ok: false, failures: [answer.failure] };
  if (isRefusal(answer.value)) {
    const refused = readAck(answer.value);
    if (!refused.ok) return { ok: false, failures: [refused.failure] };
  }
  const reply = decode('reply', answer.value, options.coordinatorKey);
  if (!reply.ok) return { ok: false, failures: [reply.failure] };
  if (reply.value.id === request.id) {
    const { newCoordinatorKey } = reply.value;
    if (newCoordinatorKey !== undefined) options.onNewKey?.(newCoordinatorKey);
    return reply.value.outcome;
  }
  const what = `the reply is to request ${reply.value.id}, not to ${request.id}`;
  const other = fail('bad-message', what, 'somebody replays old replies: look at who may publish on NATS');
  return { ok: false, failures: [other.failure] };
}

function requestFor({ body, timeoutMs, id = randomUUID() }: Question, options: AskOptions): OperatorRequest {
  const issued = options.now();
  return {
    v: 1,
    id,
    fleet: options.fleet,
    operator: options.operator,
    issuedAt: issued.toISOString(),
    expiresAt: new Date(issued.getTime() + timeoutMs).toISOString(),
    trusts: options.coordinatorKey,
    body,
  };
}
