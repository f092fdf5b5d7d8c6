import type {
  CaRef,
  Command,
  CommandBody,
  CommandResult,
  Domain,
  Failure,
  HolderId,
  KeyKind,
  KnownCertificate,
  Outcome,
  Slot,
  Step,
} from '@etcd-rotate/protocol';
import { fail } from '@etcd-rotate/protocol';
import { approvalBefore } from './approval.ts';
import { notAsAsked } from './as-asked.ts';
import { bodyOf, commandTypesOf } from './commands.ts';
import type { Covers } from './etcd-rules.ts';
import { valuesOf } from './flag-values.ts';
import { gate } from './gate.ts';
import { mayFail } from './groups.ts';
import { groupsOf } from './groups-of.ts';
import { holdBefore } from './hold-before.ts';
import { holderIn } from './holders.ts';
import { realContents, storeNameOf } from './installed.ts';
import { commandId, inFlight, type Progress, type Rotation } from './rotation.ts';
import { describeRefusal, strangers, type Verify } from './trust.ts';
import { contentsOf, during } from './world.ts';
import { worldNow } from './world-now.ts';

/** What the rotation wants next. */
export type Move =
  | { type: 'send'; command: Command }
  | { type: 'make-ca'; role: string; domains: Domain[]; kind: KeyKind; replaces: KnownCertificate }
  | { type: 'sign'; step: string; certificates: ToSign[] }
  | { type: 'wait'; for: Command[] }
  | { type: 'hold'; failure: Failure }
  | { type: 'finish'; outcome: Outcome }
  | { type: 'rest' };

/** A certificate the signer is asked for: as the observed leaf, with no name more than the fleet file adds. */
export interface ToSign {
  holder: HolderId;
  for: { slot: Slot } | { canary: Domain };
  ca: string;
  csr: string;
  /** That whoever asks has the key of `like`. */
  proof: string;
  like: KnownCertificate;
  /** Canaries of a client port with `--client-cert-allowed-hostname`: the name that the port asks for. */
  allowedHostname?: string;
}

export interface Circumstances {
  now: string;
  epoch: number;
  verify: Verify;
  covers: Covers;
}

/** How often something is tried, and a gate that members did not yet agree on is looked at, before the rotation holds. */
const tries = { ofStep: 3, ofGate: 50 };

/**
 * What the rotation wants next. The same rotation always wants the same thing: after a crash the replayed journal gives
 * the same answer.
 */
export function nextMove(rotation: Rotation, circumstances: Circumstances): Move {
  const { status } = rotation.state;
  if (status === 'held' || status === 'finished') return { type: 'rest' };
  const groups = groupsOf(rotation.plan.steps);
  for (const [i, group] of groups.entries()) {
    const hold = holdBefore(group, rotation);
    if (hold) return { type: 'hold', failure: hold };
    const move = moveWithin(group, rotation, circumstances);
    if (move?.type === 'wait') return requestAhead(groups.slice(i + 1), rotation, circumstances) ?? move;
    if (move) return move;
  }
  return { type: 'finish', outcome: rotation.plan.direction === 'back' ? 'rolled-back' : 'rotated' };
}

/**
 * While a step is under way, the node of the next change is asked for its certificate requests, and they are signed: that
 * alters nothing in the cluster, and the step need not wait for keys and certificates when its turn comes.
 */
function requestAhead(
  groups: readonly Step[][],
  rotation: Rotation,
  circumstances: Circumstances,
): Move | undefined {
  if (rotation.state.status === 'holding') return undefined;
  const next = groups.find((group) => group.some(({ action }) => action.type === 'change')) ?? [];
  // Canaries are for a step that is about to be taken, and nobody has said yet that this one may be.
  if (approvalBefore(next, rotation)) return undefined;
  for (const step of next) {
    const progress = rotation.progress[step.id];
    if (commandTypesOf(step)[0] !== 'request') continue;
    if (!progress) return send(step, 'request', { rotation, attempt: 1, ...circumstances });
    // What is not as it was asked for waits until its turn comes, and holds then.
    const isSettled = progress.signed !== undefined || notAsAsked(progress) !== undefined;
    const certificates = isSettled ? [] : certificatesToSign(rotation, step, progress);
    if (certificates.length > 0) return { type: 'sign', step: step.id, certificates };
  }
  return undefined;
}

/** The next move of one group of steps, or nothing when all of them are done and the gate has passed. */
function moveWithin(group: Step[], rotation: Rotation, circumstances: Circumstances): Move | undefined {
  const isGate = group.every(({ action }) => action.type === 'prove');
  const attempt = Math.max(1, ...group.map(({ id }) => rotation.progress[id]?.attempt ?? 1));
  const waiting: Command[] = [];
  for (const step of group) {
    const progress = rotation.progress[step.id];
    const stale = isGate && progress !== undefined && progress.attempt < attempt;
    const move = moveOf(step, stale ? undefined : progress, { rotation, attempt, ...circumstances });
    if (move?.type === 'wait') waiting.push(...move.for);
    else if (move?.type === 'hold') return onceAnswered(group, rotation) ?? move;
    else if (move) return move;
  }
  if (waiting.length > 0) return missingCa(rotation) ?? { type: 'wait', for: waiting };
  const failure = gate(
    rotation.plan,
    group.map((step) => ({ step, results: rotation.progress[step.id]?.results ?? [] })),
  );
  if (!failure) return undefined;
  const [first] = group;
  const tried = Math.max(...group.map(({ id }) => rotation.progress[id]?.tries ?? 0));
  if (!failure.retryable || tried >= tries.ofGate || !first) return { type: 'hold', failure };
  return begin(first, { rotation, attempt: attempt + 1, ...circumstances });
}

/** Nobody must read that a rotation is held while a change that it has sent may still stop a member. */
function onceAnswered(group: readonly Step[], { progress }: Rotation): Move | undefined {
  const changes = group.flatMap(({ id }) => inFlight(progress[id]) ?? []).filter(isChange);
  return changes.length > 0 ? { type: 'wait', for: changes } : undefined;
}

function isChange({ body }: Command): boolean {
  return body.type === 'change';
}

type Situation = Circumstances & { rotation: Rotation; attempt: number };

function moveOf(step: Step, progress: Progress | undefined, situation: Situation): Move | undefined {
  const { rotation } = situation;
  if (!progress || progress.sent.length === 0) {
    // A resumed step keeps the number of the attempt that failed.
    return begin(step, { ...situation, attempt: progress ? progress.attempt + 1 : situation.attempt });
  }
  const flying = inFlight(progress);
  if (flying) return { type: 'wait', for: [flying] };
  const failed = progress.results.find(({ outcome }) => !outcome.ok && !mayFail(step));
  if (failed) return afterFailure(step, failed, { ...situation, ...progress });
  const next = commandTypesOf(step)[progress.results.length];
  if (!next) return undefined;
  const other = notAsAsked(progress);
  if (other) return { type: 'hold', failure: other };
  const toSign = certificatesToSign(rotation, step, progress);
  if (toSign.length > 0 && !progress.signed) return { type: 'sign', step: step.id, certificates: toSign };
  if (canariesEnd(progress, situation)) return begin(step, { ...situation, attempt: progress.attempt + 1 });
  return send(step, next, { ...situation, attempt: progress.attempt });
}

/** Canaries that were signed before a long hold would expire while they are needed. */
function canariesEnd({ signed = [] }: Progress, { rotation, now }: Situation): boolean {
  const needed = Date.parse(now) + rotation.plan.policy.startTimeout + spareMs;
  return signed.some((one) => 'canary' in one.for && Date.parse(one.facts.notAfter) < needed);
}

/** For looking before and after a restart. */
const spareMs = 60_000;

function begin(step: Step, situation: Situation): Move {
  const needs = missingCa(situation.rotation);
  if (needs && step.action.type === 'change') return needs;
  const [first = 'prove'] = commandTypesOf(step);
  return send(step, first, situation);
}

function afterFailure(
  step: Step,
  { outcome }: CommandResult,
  situation: Situation & Pick<Progress, 'tries' | 'isFromBefore'>,
): Move {
  if (outcome.ok) return { type: 'wait', for: [] };
  const { failure, decision } = outcome;
  // What was seen before the resume says nothing of now.
  const isOld = situation.isFromBefore === true;
  const again = (isOld || failure.retryable) && decision !== 'restored' && situation.tries < tries.ofStep;
  return again ? begin(step, { ...situation, attempt: situation.attempt + 1 }) : { type: 'hold', failure };
}

function send(step: Step, type: CommandBody['type'], situation: Situation): Move {
  const { rotation, attempt, now, epoch } = situation;
  const stranger = type === 'change' ? strangerAfter(step, situation) : undefined;
  if (stranger) return { type: 'hold', failure: stranger };
  const body = bodyOf(rotation, step, type);
  if (!body) {
    const failure = fail(
      'internal',
      `${step.id}: no ${type} command can be made`,
      'please report this',
    ).failure;
    return { type: 'hold', failure };
  }
  return {
    type: 'send',
    command: {
      v: 1,
      id: commandId(rotation.id, step.id, attempt, type),
      fleet: rotation.plan.fleet,
      cluster: rotation.cluster,
      rotation: rotation.id,
      direction: rotation.plan.direction,
      step: step.id,
      node: step.node,
      holder: step.holder,
      epoch,
      issuedAt: now,
      expiresAt: new Date(Date.parse(now) + rotation.plan.policy.stepTimeout).toISOString(),
      body,
    },
  };
}

/** The proof of the dry run again, on the real certificates and right before they are installed. */
function strangerAfter(step: Step, { rotation, verify, covers }: Situation): Failure | undefined {
  if (step.action.type !== 'change') return undefined;
  const contents = realContents(rotation, step.id, step.action.slots);
  // What is valid for as long as the step may take is valid for the step: a rotation that is under way must not be held
  // for what it would end itself.
  const judge = { verify, covers, aheadMs: rotation.plan.policy.stepTimeout };
  const { refusals } = strangers(during(worldNow(rotation), step.holder, contents), judge);
  const [first] = refusals;
  if (!first) return undefined;
  const more = refusals.length > 1 ? ` (and ${refusals.length - 1} more)` : '';
  return fail(
    'stranger',
    `${step.id} is not sent: ${describeRefusal(first)}${more}`,
    'nothing was changed by this step; look at the certificate named, then `rotate resume` or `rotate abandon`',
  ).failure;
}

function certificatesToSign(rotation: Rotation, step: Step, progress: Progress): ToSign[] {
  const { action, holder } = step;
  const answer = progress.results.at(-1)?.outcome;
  if (action.type !== 'change' || !answer?.ok || answer.value.type !== 'requested') return [];
  const leaves = answer.value.leaves.flatMap(({ slot, csr, proof }): ToSign[] => {
    const target = action.slots[slot];
    const like = contentsOf(rotation.world, holder, slot)[0];
    const ca = target && 'leafOf' in target ? storeNameOf(rotation, target.leafOf) : undefined;
    if (!like || !ca) return [];
    return [{ holder, for: { slot }, ca, csr, proof, like }];
  });
  const [host] = valuesOf(holderIn(rotation.observations, holder)?.flags?.['client-cert-allowed-hostname']);
  const allowedHostname = host === undefined ? {} : { allowedHostname: host };
  const canaries = answer.value.canaries.flatMap(({ domain, csr, proof }): ToSign[] => {
    const slot: Slot = domain === 'client' ? 'server-leaf' : 'peer-leaf';
    const like = contentsOf(rotation.world, holder, slot)[0];
    const ca = rotation.plan.domains[domain];
    const name = ca && storeNameOf(rotation, ca.target);
    const wanted = { holder, for: { canary: domain }, csr, proof, ...allowedHostname };
    return like && name ? [{ ...wanted, ca: name, like }] : [];
  });
  return [...leaves, ...canaries];
}

/** New CAs are made while the nodes prepare, and before anything is changed. */
function missingCa({ plan, cas }: Rotation): Move | undefined {
  const wanted = (
    Object.entries(plan.domains) as [Domain, { target: CaRef; old: KnownCertificate[] }][]
  ).filter(([, { target }]) => target.role === 'new' && !cas[target.name]);
  const [first] = wanted;
  if (!first) return undefined;
  const role = 'name' in first[1].target ? first[1].target.name : '';
  const domains = wanted
    .filter(([, { target }]) => 'name' in target && target.name === role)
    .map(([domain]) => domain);
  const [replaces] = first[1].old;
  if (!replaces) return undefined;
  const observed = replaces.facts.keyKind;
  const kind = plan.profile.ca.key ?? (observed === 'other' ? 'ecdsa-p256' : observed);
  return { type: 'make-ca', role, domains, kind, replaces };
}
