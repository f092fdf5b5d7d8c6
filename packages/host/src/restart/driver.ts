import type { Failure, Result } from '@etcd-rotate/protocol';
import type { Process } from '../processes.ts';

/** What starts and stops a holder on this node, as far as a change has to know it. */
export interface RestartDriver {
  /**
   * Makes it begin anew, with SIGTERM and time to end. That it comes back well proves nothing: whether another process
   * runs, and serves, is looked at by who called it.
   */
  restart(): Promise<Result<void>>;
  /** The process that it has started, looked up anew. */
  process(): Promise<Process | undefined>;
  /** It is known that none runs; where nobody can tell, it is not. */
  isGone(): Promise<boolean>;
  /**
   * Since its last restart: why it will not run by itself any more, or keeps being started again. Nothing as long as it may
   * come up, or where nobody can tell.
   */
  fault(): Promise<Failure | undefined>;
  /** What would be in the way of a restart, looked at beforehand. */
  problems(): Promise<Failure[]>;
}

/** Whom a driver works for. */
export interface Driven {
  holder: string;
  /** A stop that is cut off earlier is refused. */
  leastGraceMs: number;
  /** The files that change on this node, by their whole paths. */
  paths: readonly string[];
}
