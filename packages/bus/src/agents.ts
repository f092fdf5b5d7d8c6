import {
  type Command,
  type CommandResult,
  fail,
  type PublicKey,
  type Result,
  type Secret,
  subjects,
} from '@etcd-rotate/protocol';
import { ack, readAck } from './ack.ts';
import type { Addressee, Bus, Incoming } from './bus.ts';
import { decode, encode } from './codec.ts';
import type { Refusal } from './refusal.ts';

export interface AgentsOptions {
  fleet: string;
  /** The coordinator's, PKCS#8 PEM. */
  signingKey: Secret;
  /** Whose results are believed. */
  nodeKeys: (node: string) => PublicKey | undefined;
  onRefused: (refusal: Refusal) => void;
}

export interface Agents {
  /**
   * Ok when the agent has taken the command; its result comes later. `node-away` (retryable) when nobody answers.
   *
   * @param signedWith another key than the coordinator's present one, for a node that does not know that yet
   */
  send(command: Command, signedWith?: Secret): Promise<Result<void>>;
  /** Every listener hears every result. @returns how to stop listening */
  onResult(listener: (result: CommandResult) => void): () => void;
  /** Resolves once results reach us. */
  ready(): Promise<Result<void>>;
  [Symbol.dispose](): void;
}

/** The coordinator's side: commands go out, signed results come in. */
export function agentsOn(bus: Bus, options: AgentsOptions): Agents {
  const listeners = new Set<(result: CommandResult) => void>();
  const subscription = bus.subscribe(subjects.results(options.fleet), (message) => {
    const result = believe(message, options);
    if (result.ok) for (const listener of listeners) listener(result.value);
    else options.onRefused({ failure: result.failure, subject: message.subject, from: message.from });
    void message.respond(ack(result));
  });
  return {
    async send(command, signedWith = options.signingKey) {
      const envelope = encode('command', command, signedWith);
      if (!envelope.ok) return envelope;
      const subject = subjects.command(options.fleet, command.node);
      const answer = await bus.request(
        subject,
        { ...envelope.value, from: 'coordinator' },
        agentOn(command.node),
      );
      return answer.ok ? readAck(answer.value) : answer;
    },
    onResult(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    ready: () => subscription.ready(),
    [Symbol.dispose]: () => subscription[Symbol.dispose](),
  };
}

function agentOn(node: string): Addressee {
  const hint = `on ${node}: systemctl status etcd-rotate-agent; it must reach NATS`;
  return { code: 'node-away', name: `the agent on node ${node}`, hint, timeoutMs: 3000 };
}

/** A node speaks for itself only: the node of the subject is the one that signed and the one in the result. */
function believe(message: Incoming, options: AgentsOptions): Result<CommandResult> {
  const node = message.subject.split('.').at(-2) ?? '';
  const key = options.nodeKeys(node);
  if (!key) return fail('not-signed', `a result comes from node ${node}, which has no identity here`, hint);
  const result = decode('result', message, key);
  if (!result.ok) return result;
  const { value } = result;
  if (value.fleet === options.fleet && value.node === node) return result;
  return fail('not-for-us', `node ${node} sent a result of node ${value.node} in fleet ${value.fleet}`, hint);
}

const hint = 'look at the identity file on that node';
