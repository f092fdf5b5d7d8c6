import type { Failure } from '@etcd-rotate/protocol';

/** A message that was not obeyed or not believed: for the log and its counter. */
export interface Refusal {
  failure: Failure;
  subject: string;
  /** Who the message says to be from. */
  from?: string | undefined;
}
