import type { Contents } from '@etcd-rotate/core';
import {
  type Command,
  type CommandBody,
  type Failure,
  fail,
  ok,
  type ProcessSeen,
  type Proof,
  type Slot,
  type SlotContents,
  unproven,
} from '@etcd-rotate/protocol';
import type { Holder } from './a-holder.ts';
import type { Agent, Outcome } from './agent.ts';
import { isFor, knownOf, read, readPem, said } from './certificates.ts';
import { provePresents } from './proofs.ts';

type Change = Extract<CommandBody, { type: 'change' }>;

interface Work {
  agent: Agent;
  command: Command;
  body: Change;
  holder: Holder;
  wanted: Map<Slot, Contents>;
}

/** New files for a holder: looked at before, installed, taken up, proven; put back where the holder does not bear them. */
export function changeHolder(agent: Agent, command: Command, body: Change): Outcome {
  const holder = agent.cluster.holder(command.holder);
  const work = { agent, command, body, holder, wanted: wantedIn(body) };
  const before = holder.process;
  const objection = objectionTo(work);
  if (objection) return { ok: false, failure: objection, decision: 'untouched' };
  const restarts = mustRestart(work);
  const leaderMoved = restarts && handOver(work);
  const previous = install(work);
  if (restarts && !mayStop(work)) {
    putBack(holder, previous);
    const { failure } = fail('quorum-at-risk', `${holder.id} is not stopped`, 'bring the others to health');
    return { ok: false, failure, decision: 'restored' };
  }
  if (restarts) agent.cluster.restart(holder);
  if (body.taken === 'reload') holder.load();
  if (restarts && !bears(work)) return giveUp(work, previous);
  const proofs = proofsOf(work, { before, restarted: restarts });
  const failure = unproven(holder.id, proofs, 'put right what is said');
  if (failure) return { ok: false, failure, decision: 'kept', proofs };
  return ok({
    type: 'changed',
    slots: Object.fromEntries(
      [...work.wanted].map(([slot, contents]) => [slot, contents.map(({ facts }) => facts.fingerprint)]),
    ),
    ...(holder.process ? { process: holder.process } : {}),
    restarted: restarts,
    leaderMoved,
    proofs,
    took: { before: 1, restart: 1, serve: 1, prove: 1 },
  });
}

function wantedIn({ slots }: Change): Work['wanted'] {
  return new Map(
    (Object.entries(slots) as [Slot, SlotContents][]).map(([slot, wanted]) => [
      slot,
      readPem('chain' in wanted ? wanted.chain : wanted.bundle).map(knownOf),
    ]),
  );
}

function objectionTo(work: Work): Failure | undefined {
  const { agent, command, body, holder, wanted } = work;
  for (const domain of Object.keys(body.ports.canaries)) {
    if (agent.canaries.has(`${command.rotation} ${command.step} ${domain}`)) continue;
    return fail('canary-lost', `${holder.id}: the key of its canary is gone`, 'it begins again', true)
      .failure;
  }
  for (const [slot, contents] of wanted) {
    const there = holder.files.get(slot) ?? [];
    if (said(contents) === said(there)) continue;
    if (body.before[slot]?.join() !== said(there)) {
      return fail('changed-by-others', `${holder.id}: its ${slot} is not what it was`, 'find out who did')
        .failure;
    }
    const key = agent.keys.get(`${command.rotation} ${holder.id} ${slot}`);
    const [leaf] = contents;
    const [parsed] = leaf ? read(leaf) : [];
    if (slot.endsWith('-leaf') && !(parsed && key && isFor(parsed, key))) {
      return fail('key-mismatch', `${holder.id}: not for the key made for its ${slot}`, 'ask again', true)
        .failure;
    }
  }
  return undefined;
}

/** Whether files are to be installed, or lie there and the process has not read them. */
function mustRestart({ body, holder, wanted }: Work): boolean {
  if (body.taken !== 'restart') return false;
  return [...wanted].some(
    ([slot, contents]) => said(contents) !== said(holder.files.get(slot) ?? []) || !holder.isLoaded(slot),
  );
}

function handOver({ agent: { cluster }, body, holder }: Work): boolean {
  if (cluster.leader !== holder.id) return false;
  const heirs = body.handOverTo.flatMap((id) =>
    cluster.members.filter((member) => cluster.idOf(member.id) === id),
  );
  return heirs.some((heir) => cluster.moveLeader(heir.id));
}

/** @returns what was there before */
function install({ agent, holder, wanted }: Work): Map<Slot, Contents> {
  const previous = new Map(holder.files);
  for (const [slot, contents] of wanted) {
    if (said(contents) === said(holder.files.get(slot) ?? [])) continue;
    agent.cluster.clock.pass(1);
    holder.writtenAt = agent.cluster.clock.now().getTime();
    holder.files.set(slot, contents);
  }
  return previous;
}

function putBack(holder: Holder, previous: ReadonlyMap<Slot, Contents>): void {
  for (const [slot, contents] of previous) holder.files.set(slot, contents);
}

/** Asked by the agent itself, right before it stops its member. */
function mayStop({ agent: { cluster }, body, holder }: Work): boolean {
  if (body.acceptDowntime || !holder.isMember) return true;
  const others = cluster.members.filter((other) => other !== holder && cluster.serves(other));
  return others.length > cluster.members.length / 2;
}

function bears({ agent: { cluster }, holder }: Work): boolean {
  return holder.isMember ? cluster.serves(holder) : holder.process !== undefined;
}

function giveUp({ agent: { cluster }, holder }: Work, previous: ReadonlyMap<Slot, Contents>): Outcome {
  const { failure } = fail('not-serving', `${holder.id} does not serve after its restart`, 'look at its log');
  const others = cluster.members.filter((other) => other !== holder && cluster.serves(other));
  const itsOwnFault = !holder.process || others.length > cluster.members.length / 2;
  if (!itsOwnFault) return { ok: false, failure, decision: 'kept' };
  putBack(holder, previous);
  cluster.restart(holder);
  return { ok: false, failure, decision: 'restored' };
}

/** Right after the change; what its ports accept, and what all others see, is a step of its own. */
function proofsOf(
  { agent, body, holder }: Work,
  since: { before: ProcessSeen | undefined; restarted: boolean },
): Proof[] {
  if (holder.isMember) return newProcess(holder, since);
  const everyPort = body.members.map((expected) => provePresents(agent.cluster, { expected, by: holder }));
  return [...newProcess(holder, since), ...everyPort];
}

function newProcess(
  holder: Holder,
  { before, restarted }: { before: ProcessSeen | undefined; restarted: boolean },
): Proof[] {
  if (!restarted) return [];
  const isNew = holder.process !== undefined && holder.process.pid !== before?.pid;
  return [
    {
      what: 'new-process',
      where: holder.id,
      verdict: isNew ? 'proven' : 'disproven',
      detail: `process ${holder.process?.pid}`,
    },
  ];
}
