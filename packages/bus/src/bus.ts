import type { Result } from '@etcd-rotate/protocol';

/** A message as it is on NATS; `from` and `signature` travel in headers. */
export interface Message {
  data: Uint8Array;
  /** Who says to have sent it. Whether that is so, the signature says. */
  from?: string | undefined;
  signature?: string | undefined;
}

export interface Incoming extends Message {
  subject: string;
  /** Does nothing when the sender asked for no answer. */
  respond(message: Message): Promise<Result<void>>;
}

/** Who is asked: for the failure when there is no answer. */
export interface Addressee {
  code: 'node-away' | 'coordinator-away';
  /** E.g. `the agent on node n1`. */
  name: string;
  hint: string;
  timeoutMs: number;
}

/** What this package needs of a message system, and no more: moving to another NATS client is a change of one file. */
export interface Bus {
  /** At most once. When it is ok, the server has taken the message and did not refuse it. */
  publish(subject: string, message: Message): Promise<Result<void>>;
  /** Asks once. `nats-away` when not connected; `whom.code` (retryable) when nobody listens or answers in time. */
  request(subject: string, message: Message, whom: Addressee): Promise<Result<Message>>;
  /** Messages are handed over in order of arrival; the handler must not throw. */
  subscribe(subject: string, handle: (message: Incoming) => void): BusSubscription;
  /**
   * Whether we know how it is: connected to a server that answers now, or cut off and looking for one. A connection that
   * has ended for good is neither, nor is a server that is silent, until it counts as lost.
   */
  isKnown(): Promise<boolean>;
  /** Waits until connected, at most `ms`. */
  whenConnected(ms: number): Promise<boolean>;
  /** Hands over what has arrived, sends what is waiting, then closes; bounded. */
  [Symbol.asyncDispose](): Promise<void>;
}

export interface BusSubscription {
  /** Resolves once the server has taken the subscription: what is published after that arrives. */
  ready(): Promise<Result<void>>;
  [Symbol.dispose](): void;
}

export interface BusEvent {
  type: 'disconnected' | 'reconnected' | 'refused' | 'error' | 'closed';
  detail: string;
}
