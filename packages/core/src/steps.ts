import type {
  Domain,
  FleetCluster,
  HolderId,
  HolderObservation,
  Slot,
  SlotTarget,
  Step,
} from '@etcd-rotate/protocol';
import { agentClient, holderName, slots, slotsOf } from '@etcd-rotate/protocol';
import type { DomainToRotate } from './domains.ts';
import { type ChangeStage, stages, wantedIn } from './stages.ts';
import { contentsOf, type World } from './world.ts';

export interface StepsInput {
  cluster: FleetCluster;
  members: readonly HolderObservation[];
  leader: HolderId;
  world: World;
  domains: Partial<Record<Domain, DomainToRotate>>;
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
  const steps = preparation(input);
  let { leader } = input;
  for (const stage of stages) {
    if (stage === 'retire') steps.push(...clientSteps(input, stage, nextGroup(steps)));
    steps.push(...memberSteps(input, stage, { leader, group: nextGroup(steps) }));
    const restarted = steps.some((step) => step.stage === stage && step.holder === leader);
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
    steps.push(...change(input, stage, holder, { group, ...(handOverTo ? { handOverTo } : {}) }));
    steps.push(...takeAgents([...agents].filter((node) => node !== nodeOf(input.cluster, holder))));
    const final = stage === 'retire' && holder === members.at(-1);
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

function wanted(input: StepsInput, stage: ChangeStage, holder: HolderId): [Slot, SlotTarget][] {
  return slotsOf(holder).flatMap((slot) => {
    const domain = input.domains[slots[slot].domain];
    if (!domain) return [];
    const target = wantedIn(stage, slot, contentsOf(input.world, holder, slot), domain);
    return target ? [[slot, target] satisfies [Slot, SlotTarget]] : [];
  });
}

function change(
  input: StepsInput,
  stage: ChangeStage,
  holder: HolderId,
  { group, handOverTo }: { group: number; handOverTo?: HolderId },
): Step[] {
  const changes = wanted(input, stage, holder);
  if (changes.length === 0) return [];
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
        taken: input.takes(holder),
        ...(handOverTo ? { handOverTo } : {}),
      },
    },
  ];
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
