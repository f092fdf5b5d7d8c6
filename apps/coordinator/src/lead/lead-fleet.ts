import { randomUUID } from 'node:crypto';
import { agentsOn, type Bus, type Refusal, serveJoins, serveOperators } from '@etcd-rotate/bus';
import type { Log } from '@etcd-rotate/daemon';
import type { Journal, Leading } from '@etcd-rotate/journal';
import {
  type Failure,
  fail,
  type KnownCertificate,
  type OperatorReply,
  ok,
  type Result,
  subjects,
} from '@etcd-rotate/protocol';
import type { PlanningPorts, Ports } from '@etcd-rotate/runner';
import type { Signer } from '@etcd-rotate/signer';
import { AgentsPort } from '../agents-port.ts';
import { recordDestroyed } from '../answers/destroy.ts';
import { join } from '../answers/join.ts';
import { certificates, hash } from '../certificates.ts';
import { Coordinator, type CoordinatorParts } from '../coordinator.ts';
import type { Settings } from '../files.ts';
import { Identities } from '../identities/identities.ts';
import type { NatsUsers } from '../identities/nats-users.ts';
import type { RefusedCount } from '../identities/refused.ts';
import type { IdentityFolder } from '../identity-folder.ts';
import { signing } from '../signing.ts';
import { newCaKinds, standInMaker } from '../stand-ins.ts';
import { tellStatus } from '../tell-status.ts';
import { timesOf } from '../times.ts';
import { mayAsk } from './may-ask.ts';
import { withPresentKey } from './present-key.ts';
import { seenEpoch } from './seen-epoch.ts';

export interface LeadParts {
  settings: Settings;
  identity: IdentityFolder;
  version: string;
  bus: Bus;
  users: NatsUsers;
  refused: RefusedCount;
  journal: Journal;
  signer: Signer;
  /** Asked before anything is sent. */
  leading: Leading;
  log: Log;
  now: () => Date;
  onFatal(failure: Failure): void;
  onStatus(status: string): void;
  coordinators: CoordinatorParts['coordinators'];
}

/**
 * Leads: listens to agents, takes the lead under an epoch above all that was ever seen, goes on with the rotations that
 * were running, then answers operators. Everything is closed in the opposite order.
 */
export async function leadFleet(parts: LeadParts): Promise<Result<AsyncDisposable>> {
  const { settings, identity, bus, users, refused, journal, signer, leading, log, now } = parts;
  const { fleet } = settings;
  const { own } = identity;
  const identities = new Identities(identity.identities, journal);
  await using stack = new AsyncDisposableStack();

  const onRefused = (refusal: Refusal): void => {
    log.warn(refusal, 'a message was refused');
    refused.note(refusal);
  };
  const listened = agentsOn(bus, {
    fleet: fleet.fleet,
    signingKey: own.signingKey,
    nodeKeys: (node) => identities.node(node)?.known.key,
    onRefused,
  });
  stack.use(listened);
  const agents = withPresentKey(listened, { fleet, own, identities, journal, now, log });
  const listening = await agents.ready();
  if (!listening.ok) return listening;

  const port = new AgentsPort(agents);
  const facts = certificates(now);
  const held = (): ReadonlyMap<string, KnownCertificate> =>
    new Map(
      signer
        .list()
        .filter(({ key }) => key !== 'destroyed')
        .map(({ name, certificate, facts }) => [name, { pem: certificate, facts }]),
    );
  const ports: Ports & PlanningPorts = {
    journal,
    agents: {
      ...port.port,
      // A process that was stopped wakes up anywhere. What it sent before it looks at the clock, agents would refuse.
      send: async (command) => (leading.holds() ? port.port.send(command) : notLeading()),
      observe: (command) => port.observe(command),
    },
    signer: signing(signer, facts, now),
    verify: facts.verify,
    covers: facts.covers,
    heldCas: held,
    times: (cluster) => timesOf(journal.entries(), cluster),
    standIns: standInMaker(signer, facts, now),
    hash,
    newId: randomUUID,
    clock: { now },
    epoch: () => journal.epoch,
  };

  const lead = await journal.lead(parts.version, await seenEpoch(fleet, ports), settings.name);
  if (!lead.ok) return lead;

  const recorded = await recordDestroyed(signer, journal);
  if (!recorded.ok) return recorded;

  const stop = new AbortController();
  stack.defer(() => stop.abort());
  void agents.keepTelling(stop.signal);

  const coordinator = new Coordinator({
    fleet,
    journal,
    ports,
    own,
    identities,
    nats: users,
    refused,
    cas: {
      list: () => signer.list(),
      adopt: (adoption) => signer.adopt(adoption),
      // Who leads by now may need it.
      destroy: async (name, by) => (leading.holds() ? signer.destroy(name, by) : notLeading()),
    },
    lead: (seen) => journal.lead(parts.version, seen, settings.name),
    onFatal: parts.onFatal,
    onPlan: (plan) => signer.makeKeysAhead(newCaKinds(plan)),
    log,
    coordinators: parts.coordinators,
  });
  stack.defer(() => coordinator.stop());
  coordinator.resumeAll();
  stack.use(tellStatus(journal, fleet.clusters.length, parts.onStatus));

  const operators = serveOperators(bus, {
    fleet: fleet.fleet,
    operatorKeys: (operator) => identities.operator(operator)?.key,
    keys: own,
    now,
    listens: leading.holds,
    answer: async (request) => {
      const { operator } = request;
      const may = mayAsk(identities.operator(operator), request);
      if (may.ok) return await unlessLost(coordinator.answer(request), leading.lost);
      const { failure } = may;
      onRefused({ failure, subject: subjects.request(fleet.fleet, operator), from: operator });
      return { ok: false, failures: [failure] };
    },
    onRefused,
  });
  stack.use(operators);
  const serving = await operators.ready();
  if (!serving.ok) return serving;

  const joins = serveJoins(bus, {
    fleet: fleet.fleet,
    keys: own,
    now,
    listens: leading.holds,
    answer: (request) =>
      identities.oneByOne(() => join(request, { identities, journal, nats: users, own, now })),
    onRefused,
  });
  stack.use(joins);
  const joining = await joins.ready();
  if (!joining.ok) return joining;
  log.info({ epoch: journal.epoch, fleet: fleet.fleet }, 'the coordinator is ready');
  return ok(stack.move());
}

/** Nobody is kept waiting by one who does not lead any more: who does, answers the same question. */
async function unlessLost(
  answer: Promise<OperatorReply['outcome']>,
  lost: AbortSignal,
): Promise<OperatorReply['outcome']> {
  let listen = (): void => undefined;
  const over = new Promise<OperatorReply['outcome']>((resolve) => {
    listen = () => resolve({ ok: false, failures: [notLeading().failure] });
    if (lost.aborted) listen();
    else lost.addEventListener('abort', listen);
  });
  try {
    return await Promise.race([answer, over]);
  } finally {
    lost.removeEventListener('abort', listen);
  }
}

function notLeading(): { ok: false; failure: Failure } {
  return fail(
    'not-leading',
    'this coordinator does not lead any more',
    'ask again: another one takes the lead, or this one again',
    true,
  );
}
