import type { HolderId, Step } from '@etcd-rotate/protocol';
import { slots } from '@etcd-rotate/protocol';
import type { Rule } from './rules-of-trust.ts';
import type { Trial } from './trial.ts';
import { type ChangeStep, changesIn } from './walk.ts';

const isMember = ({ holder }: { holder: HolderId }) => holder.startsWith('member/');
const isAgent = ({ holder }: { holder: HolderId }) => holder.startsWith('client/agent-');

/** One member at a time, no declared client beside anybody, and an agent's client beside no member of its own node. */
export const oneIsChangedAtATime: Rule = ({ moments }) => {
  for (const { changes } of moments) {
    const members = changes.filter(isMember);
    if (members.length > 1) return `${members.map(({ id }) => id)} are changed at once`;
    const declared = changes.filter((step) => !isMember(step) && !isAgent(step));
    if (declared.length > 0 && changes.length > 1) return `${declared[0]?.id} is changed beside others`;
    const beside = changes.find((step) => isAgent(step) && members.some(({ node }) => node === step.node));
    if (beside) return `${beside.id} is changed beside the member of its node`;
  }
  return undefined;
};

/** Each change of a member is looked at by every node before anything else begins. */
export const everyMemberIsProven: Rule = ({ planned, fleet }) => {
  if (!planned.ok) return undefined;
  const { steps } = planned.value;
  for (const change of changesIn(steps).filter(isMember)) {
    const next = steps.filter(({ group }) => group === change.group + 1);
    const looks = next.filter(({ action }) => action.type === 'prove' && action.after === change.id);
    const lookers = new Set(looks.map(({ holder }) => holder));
    if (next.length !== looks.length || lookers.size !== fleet.members.length) {
      return `${change.id} is looked at by ${[...lookers]}, with ${next.length} steps after it`;
    }
  }
  return undefined;
};

export const restartsAreThoseOfTheStrategy: Rule = ({ planned, start, request, fleet }) => {
  if (!planned.ok) return undefined;
  const takes = new Map(start.seen.flatMap(({ holders }) => holders.map((one) => [one.holder, one.takes])));
  const restarts = request.restarts ?? fleet.policy.restarts;
  const everyStage = request.strategy === 'staged' && restarts === 'every-stage';
  for (const step of changesIn(planned.value.steps)) {
    const hasBundle = bundlesOf(step).length > 0;
    if (request.strategy === 'renew' && hasBundle) return `${step.id} changes a bundle`;
    const wanted = isMember(step) && !everyStage && !hasBundle ? 'by-itself' : takes.get(step.holder);
    if (step.action.taken !== wanted) return `${step.id} is taken ${step.action.taken}, not ${wanted}`;
  }
  return planned.value.restarts === restarts ? undefined : `the plan says ${planned.value.restarts}`;
};

function bundlesOf({ action }: ChangeStep): string[] {
  return Object.keys(action.slots).filter((slot) => slots[slot as keyof typeof slots].holds === 'bundle');
}

/** Who leads when his turn to restart has come gives the lead away, to somebody else, and nobody else is asked to. */
export const theLeaderHandsOver: Rule = ({ planned, start, fleet }) => {
  if (!planned.ok) return undefined;
  let { leader } = start;
  for (const { id, holder, action } of inOrder(planned.value.steps)) {
    const restarts = holder.startsWith('member/') && action.taken === 'restart';
    const must = restarts && holder === leader && fleet.members.length > 1;
    if (must !== (action.handOverTo !== undefined)) {
      return `${id} hands over to ${action.handOverTo}, and ${leader} leads`;
    }
    if (action.handOverTo === holder) return `${id} hands over to itself`;
    leader = action.handOverTo ?? leader;
  }
  return undefined;
};

/** Nobody leads twice in a stage and is restarted for it: at most one move for each stage. */
export const theLeadMovesOnceAStage: Rule = ({ planned }) => {
  if (!planned.ok) return undefined;
  const moves = changesIn(planned.value.steps).filter(({ action }) => action.handOverTo !== undefined);
  const stages = moves.map(({ stage }) => stage);
  return new Set(stages).size === stages.length ? undefined : `the lead moves in ${stages}`;
};

export const stagesFollowEachOther: Rule = ({ planned }) => {
  if (!planned.ok) return undefined;
  const order = ['prepare', 'trust', 'issue', 'retire'];
  const stages = planned.value.steps.toSorted((a, b) => a.group - b.group).map(({ stage }) => stage);
  const falls = stages.findIndex(
    (stage, i) => order.indexOf(stage) < order.indexOf(stages[i - 1] ?? 'prepare'),
  );
  return falls < 0 ? undefined : `${stages[falls]} begins again after ${stages[falls - 1]}`;
};

/** In the last look at the last member that changes, and in no other. */
export const theLastLookIsFinal: Rule = ({ planned }) => {
  if (!planned.ok) return undefined;
  const last = inOrder(planned.value.steps).findLast(isMember);
  for (const { id, action } of planned.value.steps) {
    if (action.type === 'prove' && action.final !== (action.after === last?.id))
      return `${id}: ${action.final}`;
  }
  return undefined;
};

export const theEstimateCountsTheSteps: Rule = ({ planned, start }) => {
  if (!planned.ok) return undefined;
  const changes = changesIn(planned.value.steps);
  const count = (of: (step: ChangeStep) => boolean) => changes.filter(of).length;
  const wanted = {
    etcdRestarts: count((step) => isMember(step) && step.action.taken === 'restart'),
    clientRestarts: count((step) => !isMember(step) && step.action.taken === 'restart'),
    clientReloads: count((step) => !isMember(step) && step.action.taken === 'reload'),
    leaderMoves: leaders({ planned, start }).size - 1,
  };
  const { estimate } = planned.value;
  for (const [what, number] of Object.entries(wanted) as [keyof typeof wanted, number][]) {
    if (what === 'leaderMoves' ? estimate[what] < number : estimate[what] !== number) {
      return `${what}: ${estimate[what]}, and the steps have ${number}`;
    }
  }
  return estimate.seconds > 0 ? undefined : 'it takes no time';
};

function leaders({ planned, start }: Pick<Trial, 'planned' | 'start'>): Set<HolderId> {
  const moves = planned.ok
    ? changesIn(planned.value.steps).flatMap(({ action }) => action.handOverTo ?? [])
    : [];
  return new Set([start.leader, ...moves]);
}

function inOrder(steps: readonly Step[]): ChangeStep[] {
  return changesIn(steps.toSorted((a, b) => a.group - b.group));
}
