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
import { copyName } from './copy-name.ts';
import { provePresents } from './proofs.ts';

type Change = Extract<CommandBody, { type: 'change' }>;

type Replaced = NonNullable<ReturnType<Agent['replaced']['get']>>;

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
  const lost = canaryLost(work);
  // Nothing could be proven: unless a process has begun to read the new files, the step begins anew.
  if (lost && !isUnderWay(work)) return backOut(work, lost, 'untouched');
  const objection = objectionTo(work);
  if (objection) return backOut(work, objection, 'untouched');
  const restarts = mustRestart(work);
  const leaderMoved = restarts && handOver(work);
  install(work);
  agent.onProgress(command, 'installed');
  if (restarts && !mayStop(work)) {
    const { failure } = fail('quorum-at-risk', `${holder.id} is not stopped`, 'bring the others to health');
    return backOut(work, failure, 'restored');
  }
  if (restarts) agent.cluster.restart(holder);
  if (body.taken === 'reload') holder.load();
  agent.onProgress(command, 'restarted');
  if (restarts && !bears(work)) return giveUp(work);
  const proofs = proofsOf(work, { before, restarted: restarts });
  const failure = unproven(holder.id, proofs, 'put right what is said') ?? lost;
  if (failure) return { ok: false, failure, decision: 'kept', proofs };
  return ok({
    type: 'changed',
    slots: Object.fromEntries(
      [...work.wanted].map(([slot, contents]) => [slot, contents.map(({ facts }) => facts.fingerprint)]),
    ),
    ...(holder.process ? { process: holder.process } : {}),
    // Where an earlier delivery came as far as the restart, it is counted all the same, and once.
    restarted: restarts || (body.taken === 'restart' && agent.replaced.has(command.id)),
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

function canaryLost({ agent, command, body, holder }: Work): Failure | undefined {
  for (const domain of Object.keys(body.ports.canaries)) {
    if (agent.canaries.has(`${command.rotation} ${command.step} ${domain}`)) continue;
    return fail('canary-lost', `${holder.id}: the key of its canary is gone`, 'it begins again', true)
      .failure;
  }
  return undefined;
}

/** The files of this command lie there, and its restart has begun: the process is a new one, or none at all. */
function isUnderWay({ agent, command, holder, wanted }: Work): boolean {
  const lieThere = [...wanted].every(
    ([slot, contents]) => said(contents) === said(holder.files.get(slot) ?? []),
  );
  const isNew = holder.process !== undefined && [...wanted.keys()].every((slot) => hasRead(holder, slot));
  return lieThere && (isNew || (agent.replaced.has(command.id) && holder.process === undefined));
}

/** Ends a step of which no process has read anything: what it put there is taken away again. */
function backOut(
  { agent, command, holder }: Work,
  failure: Failure,
  decision: 'untouched' | 'restored',
): Outcome {
  const previous = agent.replaced.get(command.id);
  if (previous) putBack(holder, previous);
  agent.replaced.delete(command.id);
  return { ok: false, failure, decision };
}

function objectionTo(work: Work): Failure | undefined {
  const { agent, command, body, holder, wanted } = work;
  for (const [slot, contents] of wanted) {
    const there = holder.files.get(slot) ?? [];
    if (said(contents) === said(there)) continue;
    if (body.before[slot]?.join() !== said(there)) {
      return fail('changed-by-others', `${holder.id}: its ${slot} is not what it was`, 'find out who did')
        .failure;
    }
    if (isKept(body, slot)) {
      const copy = agent.copies.get(copyName({ ...command, direction: 'forward' }, holder.id, slot)) ?? [];
      if (said(copy.slice(0, 1)) === said(contents.slice(0, 1))) continue;
      return fail('copies-lost', `${holder.id}: nothing was kept of its ${slot}`, 'look for a backup')
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

function isKept({ slots }: Change, slot: Slot): boolean {
  const wanted = slots[slot];
  return wanted !== undefined && 'chain' in wanted && wanted.key === 'kept';
}

/** Whether files are to be installed, or lie there and the process has not read them. */
function mustRestart({ body, holder, wanted }: Work): boolean {
  if (body.taken !== 'restart') return false;
  return [...wanted].some(
    ([slot, contents]) => said(contents) !== said(holder.files.get(slot) ?? []) || !hasRead(holder, slot),
  );
}

/** A leaf that a member takes up by itself is in use before it was restarted for it. */
function hasRead(holder: Holder, slot: Slot): boolean {
  if (!holder.isMember || !holder.process) return holder.isLoaded(slot);
  return holder.isLoaded(slot) && Date.parse(holder.process.startedAt) > holder.writtenAt;
}

function handOver({ agent: { cluster }, body, holder }: Work): boolean {
  if (cluster.leader !== holder.id) return false;
  const heirs = body.handOverTo.flatMap((id) =>
    cluster.members.filter((member) => cluster.idOf(member.id) === id),
  );
  return heirs.some((heir) => cluster.moveLeader(heir.id));
}

function install({ agent, command, holder, wanted }: Work): void {
  const previous = { files: new Map(holder.files), writtenAt: holder.writtenAt };
  for (const [slot, contents] of wanted) {
    if (said(contents) === said(holder.files.get(slot) ?? [])) continue;
    if (!agent.replaced.has(command.id)) agent.replaced.set(command.id, previous);
    agent.cluster.clock.pass(1);
    holder.writtenAt = agent.cluster.clock.now().getTime();
    holder.files.set(slot, contents);
  }
}

function putBack(holder: Holder, { files, writtenAt }: Replaced): void {
  for (const [slot, contents] of files) holder.files.set(slot, contents);
  holder.writtenAt = writtenAt;
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

function giveUp({ agent: { cluster, replaced }, command, holder }: Work): Outcome {
  const { failure } = fail('not-serving', `${holder.id} does not serve after its restart`, 'look at its log');
  const others = cluster.members.filter((other) => other !== holder && cluster.serves(other));
  const itsOwnFault = !holder.process || others.length > cluster.members.length / 2;
  if (!itsOwnFault) return { ok: false, failure, decision: 'kept' };
  const previous = replaced.get(command.id);
  // What was kept before, everybody counts on.
  if (!previous) return { ok: false, failure, decision: 'kept' };
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
