import { type Command, fail, ok, type PublicKey, type Result } from '@etcd-rotate/protocol';
import { decode, type Envelope } from './codec.ts';
import { contentsOf } from './contents-of.ts';
import { checkTimely } from './timely.ts';

/** The highest epoch that this node has seen, on its disk. */
export interface EpochStore {
  current(): number;
  /** Resolves when the number is durable. */
  raise(epoch: number): Promise<Result<void>>;
}

export interface Taker {
  fleet: string;
  node: string;
  /** Of whoever may command this node now. */
  coordinatorKey: () => PublicKey;
  now: () => Date;
  epoch: EpochStore;
  /** `contentsOf` the command that is known under an id. */
  known: (id: string) => string | undefined;
}

/** Every question a command has to pass before it is acknowledged, in the order in which they are asked. */
export async function takeCommand(envelope: Envelope, taker: Taker): Promise<Result<Command>> {
  const decoded = decode('command', envelope, taker.coordinatorKey());
  if (!decoded.ok) return decoded;
  const command = decoded.value;
  const refused = [isForUs, isTimely, isOfLeader, isWhatItWas]
    .map((ask) => ask(command, taker))
    .find((answer) => !answer.ok);
  if (refused && !refused.ok) return refused;
  // Stored before anything is obeyed: after a crash, a coordinator that was replaced in between stays refused.
  const raises = command.body.type !== 'observe' && command.epoch > taker.epoch.current();
  const raised = raises ? await taker.epoch.raise(command.epoch) : ok(undefined);
  return raised.ok ? ok(command) : raised;
}

/** Asked again when a command's turn comes: it may have waited behind a long one. */
export function mayObey(command: Command, taker: Taker): Result<void> {
  const timely = isTimely(command, taker);
  return timely.ok ? isOfLeader(command, taker) : timely;
}

function isForUs(command: Command, { fleet, node }: Taker): Result<void> {
  if (command.fleet === fleet && command.node === node) return ok(undefined);
  const message = `command ${command.id} is for node ${command.node} of fleet ${command.fleet}; this is ${node} of ${fleet}`;
  return fail('not-for-us', message, 'look at the identity file of the node and at fleet.yaml');
}

function isTimely(command: Command, { now }: Taker): Result<void> {
  return checkTimely(command, now());
}

function isOfLeader(command: Command, { epoch }: Taker): Result<void> {
  // Whoever wants to lead has to look first, to learn the number. A stale coordinator may look, never act.
  if (command.body.type === 'observe') return ok(undefined);
  if (command.epoch >= epoch.current()) return ok(undefined);
  const message = `command ${command.id} has epoch ${command.epoch}; this node has obeyed epoch ${epoch.current()}`;
  return fail(
    'old-epoch',
    message,
    'stop the coordinator that does not lead any more, or restart the one that shall lead',
  );
}

function isWhatItWas(command: Command, { known }: Taker): Result<void> {
  const before = known(command.id);
  if (before === undefined || before === contentsOf(command)) return ok(undefined);
  return fail(
    'id-reused',
    `command ${command.id} came before with other contents`,
    'this is a fault of the coordinator: report it',
  );
}
