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
 * node before the next; declared clients one at a time; the agents' own clients together and after everybody else, so
 * that we are the last to lose our way in. Retire ends with the members, so that its last look is the final one.
 */
export function stepsFor(input: StepsInput): Step[] {
  const steps = preparation(input);
  let { leader } = input;
  for (const stage of stages) {
    const clients = [
      ...input.cluster.clients.map(({ name }) => [`client/${name}` as const]),
      input.cluster.members.map(({ node }) => agentClient(node)),
    ];
    const members = memberOrder(input, leader).filter((holder) => wanted(input, stage, holder).length > 0);
    const addClients = (): void => {
      for (const together of clients) {
        const group = nextGroup(steps);
        steps.push(...together.flatMap((holder) => change(input, stage, holder, group)));
      }
    };
    if (stage === 'retire') addClients();
    for (const holder of members) {
      // To the member that was done first: it will not have to give the lead away again in this stage.
      const successor = holder === leader ? heir(input, members, leader) : undefined;
      steps.push(...change(input, stage, holder, nextGroup(steps), successor));
      steps.push(
        ...proofs(input, stage, holder, nextGroup(steps), stage === 'retire' && holder === members.at(-1)),
      );
    }
    if (members.includes(leader)) leader = heir(input, members, leader) ?? leader;
    if (stage !== 'retire') addClients();
  }
  return steps;
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
  return [
    ...steps,
    { id: 'snapshot', ...common, node: nodeOf(cluster, holder), holder, action: { type: 'snapshot' } },
  ];
}

/** Followers first, the leader last (facts: etcd, section 6). */
function memberOrder({ members }: StepsInput, leader: HolderId): HolderId[] {
  return [...members.map(({ holder }) => holder).filter((holder) => holder !== leader), leader];
}

function heir({ members }: StepsInput, changing: HolderId[], leader: HolderId): HolderId | undefined {
  return [...changing, ...members.map(({ holder }) => holder)].find((holder) => holder !== leader);
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
  group: number,
  handOverTo?: HolderId,
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
  group: number,
  final: boolean,
): Step[] {
  return cluster.members.map(({ name, node }) => ({
    id: `${stage}-${holderName(changed)}-seen-by-${name}`,
    stage,
    group,
    node,
    holder: `member/${name}`,
    action: { type: 'prove', final },
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
