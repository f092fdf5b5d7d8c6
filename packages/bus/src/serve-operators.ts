import {
  fail,
  type OperatorReply,
  type OperatorRequest,
  type PublicKey,
  type Result,
  type Secret,
  subjects,
} from '@etcd-rotate/protocol';
import { ack } from './ack.ts';
import type { Bus, Incoming, Message } from './bus.ts';
import { decode, encode } from './codec.ts';
import type { Refusal } from './refusal.ts';
import { repliesGiven } from './replies-given.ts';
import { checkTimely } from './timely.ts';

export interface ServeOperatorsOptions {
  fleet: string;
  operatorKeys: (operator: string) => PublicKey | undefined;
  keys: CoordinatorKeys;
  now: () => Date;
  /** Whether requests are ours to answer, where that is not always so: others are left to who they are for. */
  listens?: () => boolean;
  /** May be called for several requests at the same time. */
  answer: (request: OperatorRequest) => Promise<OperatorReply['outcome']>;
  onRefused: (refusal: Refusal) => void;
}

/** What the coordinator signs with, and what it signed with before: for those who know that one alone. */
export interface CoordinatorKeys {
  signingKey: Secret;
  publicKey: PublicKey;
  retiring?: { signingKey: Secret; publicKey: PublicKey } | undefined;
}

export interface ServedOperators {
  /** Resolves once requests reach us. */
  ready: ReturnType<Bus['subscribe']>['ready'];
  /** Takes no more requests, and waits for the answers under way. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The coordinator's side: signed requests come in, signed replies go out. */
export function serveOperators(bus: Bus, options: ServeOperatorsOptions): ServedOperators {
  const replies = repliesGiven(options.now);
  const underWay = new Set<Promise<void>>();

  async function serve(message: Incoming): Promise<void> {
    const request = believe(message, options);
    const given = request.ok
      ? await replies.once(request.value, () => answerOrSay(request.value, options))
      : request;
    if (!given.ok)
      options.onRefused({ failure: given.failure, subject: message.subject, from: message.from });
    await message.respond(request.ok && given.ok ? reply(request.value, given.value, options) : ack(given));
  }
  const subscription = bus.subscribe(subjects.requests(options.fleet), (message) => {
    if (options.listens?.() === false) return;
    const served = serve(message);
    underWay.add(served);
    void served.finally(() => underWay.delete(served));
  });
  return {
    ready: () => subscription.ready(),
    async [Symbol.asyncDispose]() {
      subscription[Symbol.dispose]();
      await Promise.allSettled(underWay);
    },
  };
}

function believe(message: Incoming, options: ServeOperatorsOptions): Result<OperatorRequest> {
  // NATS lets each of them publish under the own name alone.
  const name = message.subject.split('.').at(-2) ?? '';
  const key = options.operatorKeys(name);
  if (!key) return fail('not-signed', `a request comes from ${name}, who is no operator here`, hint);
  const request = decode('request', message, key);
  if (!request.ok) return request;
  const { operator, fleet } = request.value;
  if (operator !== name) {
    return fail('not-signed', `a request signed by ${name} says to be from ${operator}`, hint);
  }
  if (fleet !== options.fleet)
    return fail('not-for-us', `a request is for fleet ${fleet}; this is ${options.fleet}`, hint);
  const timely = checkTimely(request.value, options.now());
  return timely.ok ? request : timely;
}

const hint = 'use the identity file that this coordinator made for the operator';

async function answerOrSay(
  request: OperatorRequest,
  options: ServeOperatorsOptions,
): Promise<OperatorReply['outcome']> {
  try {
    return await options.answer(request);
  } catch (error) {
    const message = `request ${request.id} broke off: ${error instanceof Error ? error.message : String(error)}`;
    const { failure } = fail('internal', message, 'report it with the log of the coordinator');
    const subject = subjects.request(options.fleet, request.operator);
    options.onRefused({ failure, subject, from: request.operator });
    return { ok: false, failures: [failure] };
  }
}

/** Signed so that it is believed: with the key from before where the operator has not heard of another one. */
function reply(
  request: Pick<OperatorRequest, 'id' | 'trusts'>,
  outcome: OperatorReply['outcome'],
  options: ServeOperatorsOptions,
): Message {
  const { signingKey, publicKey, retiring } = options.keys;
  const isOld = request.trusts === retiring?.publicKey;
  const said: OperatorReply = { v: 1, id: request.id, at: options.now().toISOString(), outcome };
  const envelope = encode(
    'reply',
    isOld ? { ...said, newCoordinatorKey: publicKey } : said,
    isOld ? retiring.signingKey : signingKey,
  );
  if (envelope.ok) return { ...envelope.value, from: 'coordinator' };
  return reply(request, { ok: false, failures: [envelope.failure] }, options);
}
