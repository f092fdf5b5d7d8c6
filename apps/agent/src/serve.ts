import { connectBus, contentsOf, type ServedAgent, serveAgent } from '@etcd-rotate/bus';
import type { Log, Notifier } from '@etcd-rotate/daemon';
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

export interface ServeOptions {
  file: AgentFile;
  identity: IdentityFile;
  log: Log;
  notify: Notifier;
  now(): Date;
}

/**
 * Starts the agent: its state (held by one process), then NATS, then commands. What it was in the middle of when it was cut
 * off goes on at once, NATS or not; commands that alter something wait for its end.
 */
export async function serve({
  file,
  identity,
  log,
  notify,
  now,
}: ServeOptions): Promise<Result<AsyncDisposable>> {
  await using stack = new AsyncDisposableStack();
  const lock = await lockFolder(file.state);
  if (!lock.ok) return lock;
  stack.use(lock.value);
  const state = await openNodeState(file.state, identity.coordinatorKey);
  let agent: ServedAgent | undefined;
  let isGoingOn = true;
  const underWay = (): string[] => [
    ...(isGoingOn ? state.unfinished().map(({ id }) => id) : []),
    ...(agent?.underWay() ?? []),
  ];
  const node = nodeFrom(file, { state, canaries: new Canaries(), underWay, now });

  const tell = (command: Command, outcome: Outcome, took?: number): void => {
    const about = { id: command.id, holder: command.holder, type: command.body.type, took };
    if (outcome.ok) log.info(about, 'done');
    else log.warn({ ...about, failure: outcome.failure, decision: outcome.decision }, 'failed');
  };
  const unfinished = state.unfinished().map(({ id }) => id);
  if (unfinished.length > 0) log.info({ unfinished }, 'goes on with what it was in the middle of');
  const goesOn = goOn(node, tell).finally(() => {
    isGoingOn = false;
  });
  stack.defer(() => goesOn);

  const bus = await connectBus({
    servers: identity.nats.servers,
    ca: identity.nats.ca,
    nkeySeed: identity.nats.nkeySeed,
    name: `etcd-rotate-agent ${file.node}`,
    inboxPrefix: subjects.inbox('node', file.node),
    // An agent outlives NATS and the coordinator: it goes on trying.
    patienceMs: Number.POSITIVE_INFINITY,
    onEvent: ({ type, detail }) => log.warn({ type }, `NATS: ${detail}`),
  });
  if (!bus.ok) return bus;
  stack.use(bus.value);

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
      if (!quiet) void notify.status(`${command.body.type} ${command.holder}`);
      const started = performance.now();
      const outcome = await carryOut(command, contentsOf(command), node);
      if (!quiet || !outcome.ok) tell(command, outcome, Math.round(performance.now() - started));
      if (!quiet) void notify.status('idle');
      return outcome;
    },
  });
  stack.use(agent);
  const ready = await agent.ready();
  if (!ready.ok) return ready;
  log.info({ node: file.node, servers: identity.nats.servers }, 'the agent is ready');
  return ok(stack.move());
}
