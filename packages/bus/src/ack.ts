import { type Failure, Failure as FailureSchema, fail, ok, parse, type Result } from '@etcd-rotate/protocol';
import type { Message } from './bus.ts';

/**
 * The quick answer to a message: `+OK`, or `-` and a failure as JSON. It is not signed, since it is also for those
 * whose signature was refused, and nothing is decided by it: who forges one can only do what losing a message does.
 */
export function ack(taken: Result<unknown>): Message {
  const text = taken.ok ? '+OK' : `-${JSON.stringify(taken.failure)}`;
  return { data: new TextEncoder().encode(text) };
}

export function readAck(message: Message): Result<void> {
  const text = new TextDecoder().decode(message.data);
  if (text === '+OK') return ok(undefined);
  const failure = text.startsWith('-') ? parseFailure(text.slice(1)) : undefined;
  if (failure) return { ok: false, failure };
  return fail(
    'bad-message',
    `an acknowledgement begins with "${text.slice(0, 20)}"`,
    'bring both sides to the same version',
  );
}

export function isRefusal(message: Message): boolean {
  return message.data[0] === '-'.charCodeAt(0);
}

function parseFailure(text: string): Failure | undefined {
  try {
    const parsed = parse(FailureSchema, JSON.parse(text), 'an acknowledgement', 'bad-message');
    return parsed.ok ? parsed.value : undefined;
  } catch {
    return undefined;
  }
}
