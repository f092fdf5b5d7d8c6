import type { Entry, EntryBody, Result } from '@etcd-rotate/protocol';

/** The append-only record. A rotation is what its journal says. */
export interface Journal {
  /** The epoch that the next entry gets; `lead` sets it. */
  readonly epoch: number;
  /** Takes the lead: the first entry of a coordinator, under an epoch above all in the journal and above `seen`. */
  lead(version: string, seen?: number, coordinator?: string): Promise<Result<Entry>>;
  /** Resolves when the entry would survive a power cut. Appends made at once keep their order. */
  append(body: EntryBody): Promise<Result<Entry>>;
  /** Entries whose seq is greater than `after`, in order. */
  entries(after?: number): Entry[];
  /** The seq of the last entry; 0 when there is none. */
  last(): number;
  /** Resolves when there is an entry after `after`, and after `ms` at the latest. */
  waitFor(after: number, ms: number): Promise<void>;
  /** Waits for appends under way; those made later fail. */
  [Symbol.asyncDispose](): Promise<void>;
}
