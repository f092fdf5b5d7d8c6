import { randomUUID } from 'node:crypto';
import { type Bus, decode, type Kind, type Message, sign } from '@etcd-rotate/bus';
import {
  type Command,
  type CommandResult,
  type OperatorReply,
  type OperatorRequest,
  type Secret,
  subjects,
} from '@etcd-rotate/protocol';
import type { Heard } from './nats-owner.ts';
import type { Stage } from './stage.ts';

export const fleet = 'lab';

/** A command that every node obeys and writes down, and that alters nothing else: a request for no certificate. */
export function aCommand({ epoch }: Pick<Stage, 'epoch'>, said: Partial<Command> = {}): Command {
  const node = said.node ?? 'm1';
  return {
    v: 1,
    id: `hostile.${randomUUID()}`,
    fleet,
    cluster: 'demo',
    rotation: 'hostile',
    direction: 'forward',
    step: 'hostile',
    node,
    holder: `member/${node}`,
    epoch: epoch(),
    ...lifeOf(30),
    body: { type: 'request', leaves: [], canaries: [] },
    ...said,
  };
}

/** A request that a coordinator obeys by an entry in its journal: it leads anew. */
export function aRequest({ who }: Pick<Stage, 'who'>, said: Partial<OperatorRequest> = {}): OperatorRequest {
  return {
    v: 1,
    id: `hostile.${randomUUID()}`,
    fleet,
    operator: 'admin',
    trusts: who.coordinator.publicKey,
    ...lifeOf(30),
    body: { type: 'reset-epoch', cluster: 'demo' },
    ...said,
  };
}

export function aResult(said: Partial<CommandResult> = {}): CommandResult {
  const node = said.node ?? 'm3';
  return {
    v: 1,
    id: `hostile.${randomUUID()}`,
    fleet,
    rotation: 'hostile',
    step: 'hostile',
    node,
    holder: `member/${node}`,
    at: new Date().toISOString(),
    outcome: { ok: true, value: { type: 'led' } },
    ...said,
  };
}

export function lifeOf(seconds: number, from = 0): { issuedAt: string; expiresAt: string } {
  const issued = Date.now() + from * 1000;
  return {
    issuedAt: new Date(issued).toISOString(),
    expiresAt: new Date(issued + seconds * 1000).toISOString(),
  };
}

export function bytesOf(value: unknown): Uint8Array {
  return new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
}

/** Bytes with a signature of a kind, whatever they are. */
export function signed(kind: Kind, value: unknown, key: Secret, from?: string): Message {
  const data = value instanceof Uint8Array ? value : bytesOf(value);
  return { data, signature: sign(kind, data, key), from };
}

/** What came back at once: `taken`, `answered`, or the code of a failure. */
export async function askWith(bus: Bus, subject: string, message: Message): Promise<string> {
  return (await answerTo(bus, subject, message)).code;
}

export async function answerTo(
  bus: Bus,
  subject: string,
  message: Message,
): Promise<{ code: string; message?: Message }> {
  const whom = { code: 'node-away', name: 'somebody', hint: '', timeoutMs: 10_000 } as const;
  const answer = await bus.request(subject, message, whom);
  if (!answer.ok) return { code: answer.failure.code };
  const text = new TextDecoder().decode(answer.value.data.subarray(0, 4096));
  if (text === '+OK') return { code: 'taken', message: answer.value };
  const refusal = text.startsWith('-') ? (/"code":"([a-z-]+)"/.exec(text)?.[1] ?? 'unreadable') : undefined;
  return { code: refusal ?? 'answered', message: answer.value };
}

/** Sends a command as whoever owns NATS can. @returns how it was taken, and where it was, how it came out */
export async function command({ owner, who }: Stage, message: Message, to = 'm1'): Promise<string> {
  const since = owner.heard.length;
  const code = await askWith(owner.bus, subjects.command(fleet, to), { from: 'coordinator', ...message });
  if (code !== 'taken') return code;
  const { id } = JSON.parse(new TextDecoder().decode(message.data)) as { id: string };
  const heard = await owner.hears(`a result of ${id}`, (one) => idOf(one, fleet, to) === id, since);
  const result = decode('result', heard, who.publicKey('node', to));
  if (!result.ok) return `a result that is ${result.failure.code}`;
  const { outcome } = result.value;
  return outcome.ok ? 'obeyed' : outcome.failure.code;
}

function idOf({ subject, data }: Heard, of: string, node: string): string | undefined {
  if (subject !== subjects.result(of, node)) return undefined;
  // Garbage is sent there as well.
  return /"id":"([a-z0-9.-]+)"/.exec(new TextDecoder().decode(data.subarray(0, 1024)))?.[1];
}

export function requestSubject(operator: string): string {
  return subjects.request(fleet, operator);
}

/** Asks the coordinator with whatever bytes. @returns `obeyed`, or the code of what was refused */
export async function request(stage: Stage, bus: Bus, message: Message): Promise<string> {
  const { code, message: answer } = await answerTo(bus, requestSubject(message.from ?? ''), message);
  if (code !== 'answered' || !answer) return code;
  const reply = decode('reply', answer, stage.who.coordinator.publicKey);
  return reply.ok ? outcomeOf(reply.value) : `a reply that is ${reply.failure.code}`;
}

export function outcomeOf({ outcome }: OperatorReply): string {
  return outcome.ok ? 'obeyed' : (outcome.failures[0]?.code ?? 'no failure');
}

/** Sends a result as a node. `obeyed` here is that the coordinator has taken it. */
export async function result(bus: Bus, message: Message, node = 'm3'): Promise<string> {
  const code = await askWith(bus, subjects.result(fleet, node), { from: node, ...message });
  return code === 'taken' ? 'obeyed' : code;
}
