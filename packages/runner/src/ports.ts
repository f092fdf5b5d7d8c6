import type { Covers, Move, StandIns, Times, Verify } from '@etcd-rotate/core';
import type {
  Command,
  CommandResult,
  Entry,
  EntryBody,
  KnownCertificate,
  NodeObservation,
  Plan,
  Result,
  Signed,
} from '@etcd-rotate/protocol';

/** What a rotation needs of the world, as small as its need. Adapters stand in the coordinator. */
export interface Ports {
  journal: {
    append(body: EntryBody): Promise<Result<Entry>>;
    /** Entries whose seq is greater than `after`: others write too, as when an operator asks to hold. */
    entries(after: number): Entry[];
  };
  agents: {
    /** Hands a command to its node; fine as soon as the agent has taken it. */
    send(command: Command): Promise<Result<void>>;
    /** The answers to commands of one rotation, in order of arrival. */
    results(rotation: string): ResultQueue;
  };
  signer: {
    makeCa(wanted: MakeCa): Promise<Result<{ name: string; certificate: KnownCertificate }>>;
    sign(wanted: Sign): Promise<Result<Signed[]>>;
  };
  verify: Verify;
  covers: Covers;
  clock: { now(): Date };
  /** The epoch under which this coordinator leads. */
  epoch(): number;
}

export interface ResultQueue extends Disposable {
  /** The next answers, at least one; none when nothing came within the time. */
  next(withinMs: number): Promise<CommandResult[]>;
}

export type MakeCa = Extract<Move, { type: 'make-ca' }> & { rotation: string; plan: Plan };
export type Sign = Extract<Move, { type: 'sign' }> & { rotation: string; plan: Plan };

/** What planning needs besides: looking at nodes, CAs that are held, and certificates to prove with. */
export interface PlanningPorts {
  agents: {
    observe(command: Command): Promise<Result<NodeObservation>>;
  };
  heldCas(): ReadonlyMap<string, KnownCertificate>;
  /** Throw-away certificates of the same profile as the real ones, in memory. */
  standIns(plan: Plan, observations: readonly NodeObservation[]): Promise<StandIns>;
  covers: Covers;
  verify: Verify;
  /** What steps took on a cluster before, where that is known. */
  times(cluster: string): Times | undefined;
  hash(text: string): string;
  newId(): string;
  clock: { now(): Date };
  epoch(): number;
}
