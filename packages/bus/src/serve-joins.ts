import { fail, type JoinReply, type JoinRequest, type Result, subjects } from '@etcd-rotate/protocol';
import { ack } from './ack.ts';
import type { Bus, Incoming } from './bus.ts';
import { decode, encode, readUnsigned } from './codec.ts';
import { isNkey } from './nkeys.ts';
import type { Refusal } from './refusal.ts';
import type { CoordinatorKeys } from './serve-operators.ts';
import { verify } from './signing.ts';
import { checkTimely } from './timely.ts';
import { tokenClaim } from './token-claim.ts';

export interface ServeJoinsOptions {
  fleet: string;
  keys: CoordinatorKeys;
  now: () => Date;
  /** Whether requests are ours to answer, where that is not always so. */
  listens?: () => boolean;
  /** Whether the token may be used, of a request whose two signatures are right. */
  answer: (request: JoinRequest) => Promise<JoinReply['outcome']>;
  onRefused: (refusal: Refusal) => void;
}

export interface ServedJoins {
  ready: ReturnType<Bus['subscribe']>['ready'];
  /** Takes no more requests, and waits for the answers under way. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The coordinator's side: nodes without an identity ask to be let in. One at a time, since a token is good for one. */
export function serveJoins(bus: Bus, options: ServeJoinsOptions): ServedJoins {
  const subject = subjects.join(options.fleet);
  let tail: Promise<void> = Promise.resolve();
  const waiting = { count: 0 };

  async function serve(message: Incoming): Promise<void> {
    const request = believe(message, options);
    const outcome = request.ok ? await answerOrSay(request.value, options) : request;
    if (!outcome.ok) options.onRefused({ failure: outcome.failure, subject, from: message.from });
    await message.respond(request.ok ? reply(request.value, outcome, options) : ack(request));
  }

  const subscription = bus.subscribe(subject, (message) => {
    if (options.listens?.() === false) return;
    // Whoever floods us is not answered: a node that joins asks again.
    if (waiting.count >= mostWaiting) return;
    waiting.count += 1;
    tail = tail
      .then(() => serve(message))
      .finally(() => {
        waiting.count -= 1;
      });
  });
  return {
    ready: () => subscription.ready(),
    async [Symbol.asyncDispose]() {
      subscription[Symbol.dispose]();
      await tail;
    },
  };
}

const mostWaiting = 50;

/** Nothing that goes wrong with one may keep the others out, or end us. */
async function answerOrSay(request: JoinRequest, options: ServeJoinsOptions): Promise<JoinReply['outcome']> {
  try {
    return await options.answer(request);
  } catch (error) {
    const message = `letting ${request.node} join broke off: ${error instanceof Error ? error.message : String(error)}`;
    return fail('internal', message, 'ask again; report it with the log of the coordinator', true);
  }
}

/** Signed with the key that it brings, and with the token, over the same keys. */
function believe(message: Incoming, { fleet, now }: ServeJoinsOptions): Result<JoinRequest> {
  const said = readUnsigned('join', message);
  if (!said.ok) return said;
  const request = decode('join', message, said.value.publicKey);
  if (!request.ok) return request;
  const { value } = request;
  if (value.fleet !== fleet)
    return fail('not-for-us', `a node asks to join fleet ${value.fleet}; this is ${fleet}`, hint);
  // A server that is told of one that it cannot read takes nobody in any more.
  if (!isNkey(value.nkey))
    return fail('bad-message', `node ${value.node} asks to join with an nkey that is none`, hint);
  const timely = checkTimely(value, now());
  if (!timely.ok) return timely;
  if (verify('token', { data: tokenClaim(value), signature: value.proof }, value.token)) return request;
  return fail('not-signed', `node ${value.node} shows a token that was not signed for its keys`, hint);
}

const hint = 'make a token with `rotate node add` and use it as it was printed';

/** With the key from before where the token has that: it was made by an operator who had not heard of another one. */
function reply(
  { id, trusts }: JoinRequest,
  outcome: JoinReply['outcome'],
  { keys: { signingKey, retiring }, now }: ServeJoinsOptions,
): ReturnType<typeof ack> {
  const said: JoinReply = { v: 1, id, at: now().toISOString(), outcome };
  const envelope = encode(
    'join-reply',
    said,
    trusts === retiring?.publicKey ? retiring.signingKey : signingKey,
  );
  return envelope.ok ? { ...envelope.value, from: 'coordinator' } : ack(envelope);
}
