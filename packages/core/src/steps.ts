import type {
  CaRef,
  Domain,
  FleetCluster,
  HolderId,
  HolderObservation,
  HowTaken,
  Restarts,
  Slot,
  SlotTarget,
  Step,
  Strategy,
} from '@etcd-rotate/protocol';
import { agentClient, holderName, slots, slotsOf } from '@etcd-rotate/protocol';
import type { Goal } from './goal.ts';
import { type ChangeStage, wantedIn } from './stages.ts';
import type { World } from './world.ts';

export interface StepsInput {
  cluster: FleetCluster;
  strategy: Strategy;
  restarts: Restarts;
  members: readonly HolderObservation[];
  leader: HolderId;
  world: World;
  goal: Goal;
  /** How a holder takes new files. */
  takes(holder: HolderId): HolderObservation['takes'];
}

/**
 * The ordered steps of a rotation. Members go one at a time, followers first and the leader last, each proven by every
 * node before the next. The agents' own clients change beside the restart of a member on another node, where nobody waits
 * for them; declared clients one at a time and with no member down. Retire ends with the members, so that its last look
 * is the final one.
 */
export function stepsFor(input: StepsInput): Step[] {
  const steps = inOrder(input);
  return input.goal.direction === 'back' ? steps.map(asStepBack) : steps;
}

/** Of one rotation, a step out and a step back have names of their own, and so have their commands. */
function asStepBack(step: Step): Step {
  const { action } = step;
  const id = `back-${step.id}`;
  return action.type === 'prove'
    ? { ...step, id, action: { ...action, after: `back-${action.after}` } }
    : { ...step, id };
}

function inOrder(input: StepsInput): Step[] {
  const steps = preparation(input);
  let { leader } = input;
  for (const stage of input.goal.stages) {
    if (stage === 'retire') steps.push(...clientSteps(input, stage, nextGroup(steps)));
    steps.push(...memberSteps(input, stage, { leader, group: nextGroup(steps) }));
    const restarted = steps.some(
      ({ action, ...step }) =>
        step.stage === stage &&
        step.holder === leader &&
        action.type === 'change' &&
        action.taken === 'restart',
    );
    if (restarted) leader = heir(input, changing(input, stage, leader), leader) ?? leader;
    if (stage !== 'retire') steps.push(...clientSteps(input, stage, nextGroup(steps)));
  }
  return steps;
}

function memberSteps(
  input: StepsInput,
  stage: ChangeStage,
  { leader, group: firstGroup }: { leader: HolderId; group: number },
): Step[] {
  const members = changing(input, stage, leader);
  const agents = new Set(input.cluster.members.map(({ node }) => node));
  const steps: Step[] = [];
  let group = firstGroup;
  const takeAgents = (nodes: readonly string[]): Step[] =>
    nodes.flatMap((node) => (agents.delete(node) ? change(input, stage, agentClient(node), { group }) : []));
  for (const holder of members) {
    // To the member that was done first: it will not have to give the lead away again in this stage.
    const handOverTo = holder === leader ? heir(input, members, leader) : undefined;
    steps.push(...change(input, stage, holder, { group, handOverTo }));
    steps.push(...takeAgents([...agents].filter((node) => node !== nodeOf(input.cluster, holder))));
    const final = stage === lastStage(input) && holder === members.at(-1);
    steps.push(...proofs(input, stage, holder, { group: group + 1, final }));
    group += 2;
  }
  return [...steps, ...takeAgents([...agents])];
}

function clientSteps(input: StepsInput, stage: ChangeStage, group: number): Step[] {
  return input.cluster.clients.flatMap(({ name }, i) =>
    change(input, stage, `client/${name}`, { group: group + i }),
  );
}

/** The members that a stage changes: followers first, the leader last (facts: etcd, section 6). */
function changing(input: StepsInput, stage: ChangeStage, leader: HolderId): HolderId[] {
  const followers = input.members.map(({ holder }) => holder).filter((holder) => holder !== leader);
  return [...followers, leader].filter((holder) => wanted(input, stage, holder).length > 0);
}

/** The last stage in which a member changes: its last look is the thorough one. */
function lastStage(input: StepsInput): ChangeStage | undefined {
  return input.goal.stages.findLast((stage) => changing(input, stage, input.leader).length > 0);
}

/** Every node stores the epoch and copies its slot files, one takes a snapshot. Nothing is changed yet. */
function preparation({ cluster, members, leader }: StepsInput): Step[] {
  const nodes = new Map<string, HolderId>();
  for (const { node, name } of cluster.members) nodes.set(node, nodes.get(node) ?? `member/${name}`);
  for (const { node, name } of cluster.clients) nodes.set(node, nodes.get(node) ?? `client/${name}`);
  const common = { stage: 'prepare', group: 0 } as const;
  const steps = [...nodes].map(
    ([node, holder]): Step => ({
      id: `prepare-${node}`,
      ...common,
      node,
      holder,
      action: { type: 'prepare' },
    }),
  );
  const reader = members.find(({ holder }) => holder !== leader) ?? members[0];
  if (cluster.policy.snapshot === 'off' || !reader) return steps;
  const { holder } = reader;
  const action = { type: 'snapshot', required: cluster.policy.snapshot === 'required' } as const;
  return [...steps, { id: 'snapshot', ...common, node: nodeOf(cluster, holder), holder, action }];
}

function heir({ members }: StepsInput, inStage: readonly HolderId[], leader: HolderId): HolderId | undefined {
  return [...inStage, ...members.map(({ holder }) => holder)].find((holder) => holder !== leader);
}

/** Slots that are one file get one target, made for all the trust domains that the file serves. */
function wanted(input: StepsInput, stage: ChangeStage, holder: HolderId): [Slot, SlotTarget][] {
  const party = input.world.get(holder);
  return slotsOf(holder).flatMap((slot) => {
    if (!party || !input.goal.domains[slots[slot].domain]) return [];
    const file = party.files.get(slot);
    const together = slotsOf(holder).filter((other) => other === slot || party.files.get(other) === file);
    const served = together.flatMap((one) => input.goal.domains[slots[one].domain] ?? []);
    const target = wantedIn(stage, slot, {
      holds: together.flatMap((one) => party.slots.get(one) ?? []),
      isLoaded: together.every((one) => !party.unloaded.has(one)),
      old: served.flatMap(({ old }) => old),
      targets: distinct(together.flatMap((one) => input.goal.casOf(holder, one))),
      leafFor: (chain) => input.goal.leafFor(holder, together[0] ?? slot, chain),
    });
    return target ? [[slot, target] satisfies [Slot, SlotTarget]] : [];
  });
}

function distinct(refs: readonly CaRef[]): CaRef[] {
  const nameOf = (ref: CaRef): string => (ref.role === 'new' ? ref.name : ref.certificate.facts.fingerprint);
  return [...new Map(refs.map((ref) => [nameOf(ref), ref])).values()];
}

function change(
  input: StepsInput,
  stage: ChangeStage,
  holder: HolderId,
  { group, handOverTo }: { group: number; handOverTo?: HolderId | undefined },
): Step[] {
  const changes = wanted(input, stage, holder);
  if (changes.length === 0) return [];
  const taken = howTaken(input, holder, changes);
  return [
    {
      id: `${stage}-${holderName(holder)}`,
      stage,
      group,
      node: nodeOf(input.cluster, holder),
      holder,
      action: {
        type: 'change',
        slots: Object.fromEntries(changes),
        taken,
        canaries: canariesOf(input.goal, holder, changes),
        ...(handOverTo && taken === 'restart' ? { handOverTo } : {}),
      },
    },
  ];
}

/** A member's port is proven by a canary whenever the bundle behind it changes, where there is a key to sign one with. */
function canariesOf({ domains }: Goal, holder: HolderId, changes: readonly [Slot, SlotTarget][]): Domain[] {
  if (!holder.startsWith('member/')) return [];
  const bundles = changes.filter(([slot]) => slots[slot].holds === 'bundle');
  return bundles
    .map(([slot]) => slots[slot].domain)
    .filter((domain) => domains[domain]?.target.role !== 'seen');
}

/** A member reads its leaves at every handshake, and its bundles at its start (facts: etcd, section 1). */
function howTaken(input: StepsInput, holder: HolderId, changes: readonly [Slot, SlotTarget][]): HowTaken {
  const everyStage = input.restarts === 'every-stage' && input.strategy === 'staged';
  const leavesAlone = changes.every(([slot]) => slots[slot].holds === 'leaf');
  return holder.startsWith('member/') && leavesAlone && !everyStage ? 'by-itself' : input.takes(holder);
}

function proofs(
  { cluster }: StepsInput,
  stage: ChangeStage,
  changed: HolderId,
  { group, final }: { group: number; final: boolean },
): Step[] {
  return cluster.members.map(({ name, node }) => ({
    id: `${stage}-${holderName(changed)}-seen-by-${name}`,
    stage,
    group,
    node,
    holder: `member/${name}`,
    action: { type: 'prove', after: `${stage}-${holderName(changed)}`, final },
  }));
}

function nextGroup(steps: readonly Step[]): number {
  return (steps.at(-1)?.group ?? -1) + 1;
}

export function nodeOf(cluster: FleetCluster, holder: HolderId): string {
  const name = holderName(holder);
  const owner = [...cluster.members, ...cluster.clients].find((one) => one.name === name);
  return owner?.node ?? name.slice('agent-'.length);
}
