import {
  type Bus,
  type BusEvent,
  connectBus,
  contentsOf,
  type ServedAgent,
  serveAgent,
} from '@etcd-rotate/bus';
import { type Log, type Notifier, watchdog } from '@etcd-rotate/daemon';
import { Canaries, carryOut, goOn, nodeFrom, type Outcome, openNodeState } from '@etcd-rotate/host';
import { lockFolder } from '@etcd-rotate/journal';
import {
  type AgentFile,
  type Command,
  type IdentityFile,
  ok,
  type Result,
  subjects,
} from '@etcd-rotate/protocol';
import { type AgentDoes, statusLine } from './status-line.ts';

export interface ServeOptions {
  file: AgentFile;
  identity: IdentityFile;
  log: Log;
  notify: Notifier;
  /** From `watchdogMs`. */
  watchdogMs: number | undefined;
  /** Ends the waiting for NATS. */
  stop: AbortSignal;
  now(): Date;
}

/**
 * Starts the agent: its state (held by one process), then NATS, then commands. What it was in the middle of when it was cut
 * off goes on at once, NATS or not; commands that alter something wait for its end. With its state open it is ready, as
 * far as systemd is concerned: nothing on this node depends on NATS, and nobody may start it again because NATS is away.
 */
export async function serve({
  file,
  identity,
  log,
  notify,
  watchdogMs: withinMs,
  stop,
  now,
}: ServeOptions): Promise<Result<AsyncDisposable>> {
  await using stack = new AsyncDisposableStack();
  const lock = await lockFolder(file.state);
  if (!lock.ok) return lock;
  stack.use(lock.value);
  const state = await openNodeState(file.state, identity.coordinatorKey);
  let agent: ServedAgent | undefined;
  let connection: Bus | undefined;
  const obeys = new Set<Command>();
  let nats: AgentDoes['nats'] = 'waiting';
  let isGoingOn = true;
  const underWay = (): string[] => [
    ...(isGoingOn ? state.unfinished().map(({ id }) => id) : []),
    ...(agent?.underWay() ?? []),
  ];
  const { servers } = identity.nats;
  const line = (): string => statusLine({ nats, servers, goesOn: isGoingOn, obeys: [...obeys] });
  const say = (): void => void notify.status(line());
  const node = nodeFrom(file, { state, canaries: new Canaries(), underWay, now });

  const tell = (command: Command, outcome: Outcome, took?: number): void => {
    const about = { id: command.id, holder: command.holder, type: command.body.type, took };
    if (outcome.ok) log.info(about, 'done');
    else log.warn({ ...about, failure: outcome.failure, decision: outcome.decision }, 'failed');
  };
  const unfinished = state.unfinished().map(({ id }) => id);
  isGoingOn = unfinished.length > 0;
  if (unfinished.length > 0) log.info({ unfinished }, 'goes on with what it was in the middle of');
  const goesOn = goOn(node, tell).finally(() => {
    isGoingOn = false;
    say();
  });
  stack.defer(() => goesOn);

  stack.use(
    watchdog({
      withinMs,
      // Who tries to reach NATS is alive.
      isAlive: () => connection?.isKnown() ?? true,
      ping: () => notify.alive(),
      onSilent: () => log.error({ servers }, 'NATS is silent: no ping to the watchdog of systemd'),
    }),
  );
  await notify.ready(line());
  const onEvent = ({ type, detail }: BusEvent): void => {
    log.warn({ type }, `NATS: ${detail}`);
    if (connection && type === 'disconnected') nats = 'lost';
    if (type === 'reconnected') nats = 'connected';
    say();
  };

  const bus = await connectBus({
    servers,
    ca: identity.nats.ca,
    nkeySeed: identity.nats.nkeySeed,
    name: `etcd-rotate-agent ${file.node}`,
    inboxPrefix: subjects.inbox('node', file.node),
    // An agent outlives NATS and the coordinator: it goes on trying.
    patienceMs: Number.POSITIVE_INFINITY,
    stop,
    onEvent,
  });
  if (!bus.ok) return stop.aborted ? ok(stack.move()) : bus;
  connection = stack.use(bus.value);

  agent = serveAgent(bus.value, {
    fleet: identity.fleet,
    node: file.node,
    coordinatorKey: state.coordinatorKey.current,
    signingKey: identity.signingKey,
    now,
    epoch: state.epoch,
    known: (id) => state.record(id)?.contents,
    onRefused: (refusal) => log.warn(refusal, 'a message was refused'),
    goesOn,
    obey: async (command) => {
      const { id, holder, epoch, body } = command;
      const about = { id, holder, type: body.type, epoch };
      const quiet = command.body.type === 'observe';
      if (!quiet) log.info(about, 'begins');
      if (!quiet) obeys.add(command);
      say();
      const started = performance.now();
      const outcome = await carryOut(command, contentsOf(command), node);
      if (!quiet || !outcome.ok) tell(command, outcome, Math.round(performance.now() - started));
      obeys.delete(command);
      say();
      return outcome;
    },
  });
  stack.use(agent);
  const ready = await agent.ready();
  if (!ready.ok) return ready;
  nats = 'connected';
  say();
  log.info({ node: file.node, servers }, 'the agent is ready');
  return ok(stack.move());
}
