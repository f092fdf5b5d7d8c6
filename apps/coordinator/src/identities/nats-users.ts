import type { KnownIdentity, Result } from '@etcd-rotate/protocol';

/** NATS as far as it has to be told who may connect. */
export interface NatsUsers {
  /** Whose it is: ours, or one that somebody else runs and configures. */
  place: 'embedded' | 'external';
  /** From when it is ok nobody else is connected. Does nothing where NATS is not ours. */
  tell(known: readonly KnownIdentity[]): Promise<Result<void>>;
  /** To be pasted into the configuration of one that is not ours. */
  usersOf(known: readonly KnownIdentity[]): string | undefined;
}
