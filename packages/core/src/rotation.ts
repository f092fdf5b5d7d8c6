import type {
  Command,
  CommandResult,
  Failure,
  KnownCertificate,
  NodeObservation,
  Outcome,
  Plan,
  Signed,
} from '@etcd-rotate/protocol';
import type { World } from './world.ts';

/** A rotation is what its journal says: this is the journal's entries, folded by `apply`. */
export interface Rotation {
  id: string;
  cluster: string;
  operator: string;
  request: string;
  plan: Plan;
  observations: NodeObservation[];
  startedAt: string;
  /** The sequence number of its last entry. */
  seq: number;
  state: State;
  /** An operator has gone on at the step from which old leaves are refused. */
  mayRefuse: boolean;
  /** Second operators who have let it begin, and let it refuse old leaves. */
  approved: { start?: string; retire?: string };
  /** The id of the request that turned it, where it goes back. */
  turned?: string;
  /** New CAs by their name in the plan. */
  cas: Record<string, { name: string; certificate: KnownCertificate }>;
  /** What every slot holds now, with the real certificates. */
  world: World;
  /** By step id; a step that is not here was not begun. */
  progress: Record<string, Progress>;
}

export type State =
  | { status: 'running' }
  /** Before its next step it is held, as an operator asked. */
  | { status: 'holding'; operator: string }
  | { status: 'held'; failure: Failure }
  | { status: 'finished'; outcome: Outcome; endedAt: string };

/** One attempt at a step: what was sent, what came back, what was signed for it. */
export interface Progress {
  attempt: number;
  /** How many attempts there were since the rotation was started or resumed. */
  tries: number;
  sent: Command[];
  results: CommandResult[];
  signed: Signed[] | undefined;
  /** What is under way was sent before the rotation was held and resumed. */
  isFromBefore?: true;
  /** An earlier attempt went as far as to be told to the node. */
  wasBegun?: true;
}

/** Requests for certificates run ahead, and change nothing. */
export function isBegun({ sent, wasBegun }: Progress): boolean {
  return wasBegun === true || sent.some(({ body }) => body.type !== 'request');
}

/** The command of a step that was sent and not answered. */
export function inFlight(progress: Progress | undefined): Command | undefined {
  return progress?.sent.find((command) => isAwaited(progress, command.id));
}

export function isAwaited(progress: Progress, id: string): boolean {
  return progress.sent.some((command) => command.id === id) && !progress.results.some((one) => one.id === id);
}

/** The same step and attempt always have the same ids: a command that is sent twice is one command. */
export function commandId(rotation: string, step: string, attempt: number, type: string): string {
  return `${rotation}.${step}.${attempt}.${type}`;
}

export function attemptOf({ id }: Command): number {
  return Number(id.split('.').at(-2));
}
