import type { Lab } from '@etcd-rotate/lab';
import type { TakenBack } from './provoked.ts';

/** One thing that is wrong with a running cluster, and what a dry run says of it. */
export interface Case {
  /** The check that says it, by its name. */
  check: string;
  what: string;
  provoke(lab: Lab): TakenBack | Promise<TakenBack>;
  args?: string[];
  /** `code: message`, one of each failure, or of each warning where nothing is refused. */
  says: RegExp[];
  /** Others say more than these. */
  more?: true;
  /** Of this etcd alone. */
  only?: '3.4' | '3.5';
}
