import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { agentsOn, connectBus, coordinatorInbox, serveOperators } from '@etcd-rotate/bus';
import type { Notifier } from '@etcd-rotate/daemon';
import { openFileJournal } from '@etcd-rotate/journal';
import { type Failure, type KnownCertificate, ok, type Result } from '@etcd-rotate/protocol';
import type { PlanningPorts, Ports } from '@etcd-rotate/runner';
import { openSigner } from '@etcd-rotate/signer';
import type { Logger } from 'pino';
import { AgentsPort } from './agents-port.ts';
import { certificates, hash } from './certificates.ts';
import { Coordinator } from './coordinator.ts';
import type { Settings } from './files.ts';
import { readIdentityFolder } from './identity-folder.ts';
import { natsPlace } from './nats.ts';
import { signing } from './signing.ts';
import { newCaKinds, standInMaker } from './stand-ins.ts';
import { timesOf } from './times.ts';

export interface ServeOptions {
  settings: Settings;
  version: string;
  environment: { NATS_SERVER_BIN?: string | undefined; PATH?: string | undefined };
  log: Logger;
  notify: Notifier;
  now(): Date;
  /** The journal cannot be written any more. */
  onFatal(failure: Failure): void;
}

/**
 * Starts the coordinator: journal (and with it the lock on the state folder), CA keys, NATS, lead, then operators and
 * the rotations that were running. Everything is closed in the opposite order.
 */
export async function serve({
  settings,
  version,
  environment,
  log,
  notify,
  now,
  onFatal,
}: ServeOptions): Promise<Result<AsyncDisposable>> {
  await using stack = new AsyncDisposableStack();
  const { fleet, stateFolder, passphrase } = settings;
  const identity = await readIdentityFolder(settings.identityFolder);
  if (!identity.ok) return identity;
  const { own, natsCa, keyOf } = identity.value;

  const journal = await openFileJournal(join(stateFolder, 'journal'), {
    now,
    onTornLine: (dropped) =>
      log.warn({ dropped }, 'the last line of the journal was half-written and was dropped'),
  });
  if (!journal.ok) return journal;
  stack.use(journal.value);

  const signer = await openSigner({ folder: join(stateFolder, 'cas'), passphrase, now });
  if (!signer.ok) return signer;
  stack.use(signer.value);

  const nats = await natsPlace(settings.file.nats, identity.value, {
    stateFolder,
    environment,
    onEvent: ({ type, detail }) => log.warn({ type }, detail),
  });
  if (!nats.ok) return nats;
  if (nats.value.server) stack.use(nats.value.server);

  const bus = await connectBus({
    servers: nats.value.servers,
    ca: natsCa,
    nkeySeed: own.nkeySeed,
    name: 'etcd-rotate-coordinator',
    inboxPrefix: coordinatorInbox,
    patienceMs: 10_000,
    onEvent: ({ type, detail }) => log.warn({ type }, `NATS: ${detail}`),
  });
  if (!bus.ok) return bus;
  stack.use(bus.value);

  const onRefused = (refusal: object): void => log.warn(refusal, 'a message was refused');
  const agents = agentsOn(bus.value, {
    fleet: fleet.fleet,
    signingKey: own.signingKey,
    nodeKeys: (node) => keyOf('node', node),
    onRefused,
  });
  stack.use(agents);
  const listening = await agents.ready();
  if (!listening.ok) return listening;

  const lead = await journal.value.lead(version);
  if (!lead.ok) return lead;

  const port = new AgentsPort(agents);
  const facts = certificates(now);
  const held = (): ReadonlyMap<string, KnownCertificate> =>
    new Map(signer.value.list().map(({ name, certificate, facts }) => [name, { pem: certificate, facts }]));
  const ports: Ports & PlanningPorts = {
    journal: journal.value,
    agents: { ...port.port, observe: (command) => port.observe(command) },
    signer: signing(signer.value, facts, now),
    verify: facts.verify,
    covers: facts.covers,
    heldCas: held,
    times: (cluster) => timesOf(journal.value.entries(), cluster),
    standIns: standInMaker(signer.value, facts, now),
    hash,
    newId: randomUUID,
    clock: { now },
    epoch: () => journal.value.epoch,
  };
  const coordinator = new Coordinator({
    fleet,
    journal: journal.value,
    ports,
    onFatal,
    onPlan: (plan) => signer.value.makeKeysAhead(newCaKinds(plan)),
    log,
    onStatus: (status) => void notify.status(status),
  });
  stack.defer(() => coordinator.stop());
  coordinator.resumeAll();

  const operators = serveOperators(bus.value, {
    fleet: fleet.fleet,
    operatorKeys: (operator) => keyOf('operator', operator),
    signingKey: own.signingKey,
    now,
    answer: (request) => coordinator.answer(request),
    onRefused,
  });
  stack.use(operators);
  const serving = await operators.ready();
  if (!serving.ok) return serving;
  log.info(
    { epoch: journal.value.epoch, servers: nats.value.servers, fleet: fleet.fleet },
    'the coordinator is ready',
  );
  return ok(stack.move());
}
