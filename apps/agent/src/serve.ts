import { connectBus, contentsOf, serveAgent } from '@etcd-rotate/bus';
import type { Notifier } from '@etcd-rotate/daemon';
import { Canaries, carryOut, nodeFrom, openNodeState } from '@etcd-rotate/host';
import { lockFolder } from '@etcd-rotate/journal';
import { type AgentFile, type IdentityFile, ok, type Result, subjects } from '@etcd-rotate/protocol';
import type { Logger } from 'pino';

export interface ServeOptions {
  file: AgentFile;
  identity: IdentityFile;
  log: Logger;
  notify: Notifier;
  now(): Date;
}

/** Starts the agent: its state (held by one process), then NATS, then commands. */
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
  const state = await openNodeState(file.state);
  const node = nodeFrom(file, { state, canaries: new Canaries(), now });

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

  const agent = serveAgent(bus.value, {
    fleet: identity.fleet,
    node: file.node,
    coordinatorKey: identity.coordinatorKey,
    signingKey: identity.signingKey,
    now,
    epoch: state.epoch,
    known: (id) => state.record(id)?.contents,
    onRefused: (refusal) => log.warn(refusal, 'a message was refused'),
    obey: async (command) => {
      const about = { id: command.id, holder: command.holder, type: command.body.type };
      const quiet = command.body.type === 'observe';
      if (!quiet) log.info(about, 'begins');
      if (!quiet) void notify.status(`${command.body.type} ${command.holder}`);
      const started = performance.now();
      const outcome = await carryOut(command, contentsOf(command), node);
      const took = Math.round(performance.now() - started);
      if (!outcome.ok)
        log.warn({ ...about, took, failure: outcome.failure, decision: outcome.decision }, 'failed');
      else if (!quiet) log.info({ ...about, took }, 'done');
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
