import {
  Command,
  CommandResult,
  fail,
  JoinReply,
  JoinRequest,
  OperatorReply,
  OperatorRequest,
  ok,
  type PublicKey,
  parse,
  type Result,
  type Secret,
} from '@etcd-rotate/protocol';
import { type Kind, sign, verify } from './signing.ts';

export interface Messages {
  command: Command;
  result: CommandResult;
  request: OperatorRequest;
  reply: OperatorReply;
  join: JoinRequest;
  'join-reply': JoinReply;
}

/** What goes over the wire. The signature travels beside the bytes, so that it is over exactly what was sent. */
export interface Envelope {
  data: Uint8Array;
  signature?: string | undefined;
}

const mib = 1024 * 1024;

/** The largest message of each kind. The server's max_payload is larger, since headers count as well. */
export const sizeLimits: Record<Kind, number> = {
  command: 2 * mib,
  result: 4 * mib,
  request: 2 * mib,
  reply: 4 * mib,
  join: 16 * 1024,
  'join-reply': 16 * 1024,
};

export function encode<K extends Kind>(
  kind: K,
  value: Messages[K],
  privateKey: Secret,
): Result<{ data: Uint8Array; signature: string }> {
  const data = new TextEncoder().encode(JSON.stringify(value));
  if (data.length > sizeLimits[kind]) return tooLarge(kind, data.length);
  return ok({ data, signature: sign(kind, data, privateKey) });
}

/** Size, then signature, then contents: nothing of a message that is not signed is ever parsed. */
export function decode<K extends Kind>(
  kind: K,
  envelope: Envelope,
  publicKey: PublicKey,
): Result<Messages[K]> {
  const { data, signature } = envelope;
  if (data.length > sizeLimits[kind]) return tooLarge(kind, data.length);
  if (signature === undefined || !verify(kind, { data, signature }, publicKey)) {
    const what =
      signature === undefined ? 'has no signature' : 'has a signature that its sender did not make';
    return fail(
      'not-signed',
      `a ${kind} ${what}`,
      'check which identity file the sender uses; if it is right, somebody forges',
    );
  }
  return contentsOf(kind, data);
}

/**
 * What a message says whose signature is still to be checked: whose key that is, only the message says. To be decoded
 * with that key before anything else is done with it.
 */
export function readUnsigned<K extends Kind>(kind: K, { data }: Envelope): Result<Messages[K]> {
  return data.length > sizeLimits[kind] ? tooLarge(kind, data.length) : contentsOf(kind, data);
}

function contentsOf<K extends Kind>(kind: K, data: Uint8Array): Result<Messages[K]> {
  const value = fromJson(data);
  if (value === undefined) return fail('bad-message', `a ${kind} is not JSON in UTF-8`, hint);
  const version = typeof value === 'object' && value !== null && 'v' in value ? value.v : undefined;
  if (version !== 1) {
    return fail(
      'unknown-version',
      `a ${kind} has version ${JSON.stringify(version)}; this program knows version 1`,
      hint,
    );
  }
  return parsers[kind](value);
}

const hint = 'bring coordinator, agents and CLI to the same version';

const parsers: { [K in Kind]: (value: unknown) => Result<Messages[K]> } = {
  command: (value) => parse(Command, value, 'a command', 'bad-message'),
  result: (value) => parse(CommandResult, value, 'a result', 'bad-message'),
  request: (value) => parse(OperatorRequest, value, 'a request', 'bad-message'),
  reply: (value) => parse(OperatorReply, value, 'a reply', 'bad-message'),
  join: (value) => parse(JoinRequest, value, 'a request to join', 'bad-message'),
  'join-reply': (value) => parse(JoinReply, value, 'an answer to a request to join', 'bad-message'),
};

function fromJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(data));
  } catch {
    return undefined;
  }
}

function tooLarge(kind: Kind, bytes: number): { ok: false; failure: ReturnType<typeof fail>['failure'] } {
  return fail(
    'bad-message',
    `a ${kind} of ${bytes} bytes is larger than the ${sizeLimits[kind]} allowed`,
    kind === 'reply' ? 'ask for less at once' : 'send less at once',
  );
}
