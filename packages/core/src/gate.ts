import type { CommandResult, Failure, MemberLook, Plan, Proof, Step } from '@etcd-rotate/protocol';
import { fail, unproven } from '@etcd-rotate/protocol';

/** How far a member may be behind the others' commit index when it counts as caught up, in log entries. */
const caughtUpWithin = 1000;

/**
 * What must be proven before the next step: the answers to one group of steps, held against each other. Each named rule
 * gives a failure or nothing.
 */
export function gate(
  plan: Plan,
  group: readonly { step: Step; results: readonly CommandResult[] }[],
): Failure | undefined {
  const answers = group.flatMap(({ step, results }) => results.map((result) => ({ step, result })));
  const looks = answers.flatMap(({ result: { outcome } }) =>
    outcome.ok && outcome.value.type === 'proven' ? [outcome.value.looks] : [],
  );
  const rules = [
    everyProofHolds(answers.map(({ step, result }) => ({ step, proofs: proofsOf(result) }))),
    everyMemberLookedAt(answers),
    sameCluster(plan, looks.flat()),
    noAlarm(looks.flat()),
    everybodyAgrees(looks),
    everybodyCaughtUp(looks),
  ];
  return rules.find((failure) => failure !== undefined);
}

function proofsOf({ outcome }: CommandResult): Proof[] {
  return outcome.ok && 'proofs' in outcome.value ? outcome.value.proofs : [];
}

function everyProofHolds(proofs: readonly { step: Step; proofs: Proof[] }[]): Failure | undefined {
  const hint = 'look at the log of that member, put right what it says, then `rotate resume`';
  const failures = proofs.flatMap(({ step, proofs: seen }) => unproven(step.id, seen, hint) ?? []);
  const [first, ...others] = failures;
  if (!first) return undefined;
  // Several nodes look at one member: who else refuses or is refused tells at which end the fault lies.
  const causes = failures.flatMap((failure) => failure.causes ?? [failure.message]);
  const fix = failures.find((failure) => failure.hint !== hint)?.hint ?? hint;
  return others.length > 0 ? { ...first, hint: fix, causes } : first;
}

/** Nobody can agree with what was not seen. */
function everyMemberLookedAt(answers: readonly { step: Step; result: CommandResult }[]): Failure | undefined {
  const missing = answers.find(
    ({ result: { outcome } }) =>
      outcome.ok && outcome.value.type === 'proven' && outcome.value.looks.length < 2,
  );
  if (!missing) return undefined;
  const { id, holder } = missing.step;
  return fail(
    'not-provable',
    `${id}: ${holder} was not looked at twice`,
    'look at the log of that member, then `rotate resume`',
  ).failure;
}

/** The cluster, its members and its data are those of the plan: nobody was replaced, added or taken back in time. */
function sameCluster({ plannedFrom, revision }: Plan, looks: readonly MemberLook[]): Failure | undefined {
  const ids = plannedFrom.members.map(({ id }) => id);
  const other = looks.find(
    (look) => look.clusterId !== plannedFrom.clusterId || !ids.includes(look.memberId),
  );
  if (other) {
    return fail(
      'cluster-id-changed',
      `member ${other.memberId} of cluster ${other.clusterId} answers; planned were ${ids.join(', ')} of ${plannedFrom.clusterId}`,
      'members were replaced since the plan was made: abandon this rotation and plan again',
    ).failure;
  }
  const joined = looks.find(
    ({ members }) => members.some((id) => !ids.includes(id)) || members.length < ids.length,
  );
  if (joined) {
    return fail(
      'members-differ',
      `etcd lists the members ${joined.members.join(', ')}; planned were ${ids.join(', ')}`,
      'the membership changed during the rotation: take the change back and `rotate resume`, or abandon and plan again',
    ).failure;
  }
  const back = looks.find((look) => look.revision < revision);
  if (back) {
    return fail(
      'cluster-id-changed',
      `member ${back.memberId} is at revision ${back.revision}, and the cluster was at ${revision} when it was planned`,
      'its data was replaced by older data: find out by whom before anything else',
    ).failure;
  }
  return undefined;
}

/** An alarm forbids writes, or says that a member's data cannot be relied on: no member is restarted then. */
function noAlarm(looks: readonly MemberLook[]): Failure | undefined {
  const alarms = [...new Set(looks.flatMap((look) => look.alarms))];
  if (alarms.length === 0) return undefined;
  return fail(
    'alarm-raised',
    `etcd has raised an alarm: ${alarms.join(', ')}`,
    'clear its cause, then `etcdctl alarm disarm` and `rotate resume`',
  ).failure;
}

/** One leader and one term everywhere, in two consecutive observations of every member. */
function everybodyAgrees(looks: readonly (readonly MemberLook[])[]): Failure | undefined {
  const said = new Set(looks.flat().map(({ leader, raftTerm }) => `leader ${leader} in term ${raftTerm}`));
  if (said.size <= 1) return undefined;
  return fail(
    'not-agreed',
    `the members do not agree: ${[...said].join('; ')}`,
    'an election is under way; if it does not end, look at the network between the members',
    true,
  ).failure;
}

function everybodyCaughtUp(looks: readonly (readonly MemberLook[])[]): Failure | undefined {
  const last = looks.flatMap((both) => both.at(-1) ?? []);
  // The first observation of the furthest member: the second ones are taken while others go on.
  const committed = Math.max(0, ...looks.flatMap((both) => both[0]?.raftIndex ?? []));
  const behind = last.find(({ appliedIndex }) => committed - appliedIndex > caughtUpWithin);
  if (!behind) return undefined;
  return fail(
    'not-agreed',
    `member ${behind.memberId} has applied ${behind.appliedIndex} of ${committed} entries`,
    'it is still catching up; if that takes long, look at its disk',
    true,
  ).failure;
}
