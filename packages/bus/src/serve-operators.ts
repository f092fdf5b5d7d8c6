import {
  fail,
  type OperatorReply,
  type OperatorRequest,
  type PublicKey,
  type Result,
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
  /** The coordinator's, PKCS#8 PEM. */
  signingKey: string;
  now: () => Date;
  /** Whether requests are ours to answer, where that is not always so: others are left to who they are for. */
  listens?: () => boolean;
  /** May be called for several requests at the same time. */
  answer: (request: OperatorRequest) => Promise<OperatorReply['outcome']>;
  onRefused: (refusal: Refusal) => void;
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
    await message.respond(
      request.ok && given.ok ? reply(request.value.id, given.value, options) : ack(given),
    );
  }
  const subscription = bus.subscribe(subjects.request(options.fleet), (message) => {
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
  const key = message.from === undefined ? undefined : options.operatorKeys(message.from);
  if (!key)
    return fail(
      'not-signed',
      `a request comes from ${message.from ?? 'nobody'}, who is no operator here`,
      hint,
    );
  const request = decode('request', message, key);
  if (!request.ok) return request;
  const { operator, fleet } = request.value;
  if (operator !== message.from) {
    return fail('not-signed', `a request signed by ${message.from} says to be from ${operator}`, hint);
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
    options.onRefused({ failure, subject: subjects.request(options.fleet), from: request.operator });
    return { ok: false, failures: [failure] };
  }
}

function reply(id: string, outcome: OperatorReply['outcome'], options: ServeOperatorsOptions): Message {
  const envelope = encode(
    'reply',
    { v: 1, id, at: options.now().toISOString(), outcome },
    options.signingKey,
  );
  if (envelope.ok) return { ...envelope.value, from: 'coordinator' };
  return reply(id, { ok: false, failures: [envelope.failure] }, options);
}
