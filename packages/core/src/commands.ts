import type {
  CaRef,
  CommandBody,
  Domain,
  Expected,
  HolderId,
  KeyKind,
  KnownCertificate,
  Plan,
  Slot,
  SlotTarget,
  Step,
} from '@etcd-rotate/protocol';
import { agentClient, memberSlots, slots } from '@etcd-rotate/protocol';
import { realContents } from './installed.ts';
import { leafKey, unchanged } from './leaves.ts';
import { holderIn } from './plan.ts';
import type { Rotation } from './rotation.ts';
import { contentsOf } from './world.ts';

/** The commands of a step, in order. */
export function commandTypesOf(step: Step): CommandBody['type'][] {
  const { action, holder } = step;
  switch (action.type) {
    case 'prepare':
    case 'snapshot':
    case 'prove':
      return [action.type];
    case 'change':
      return leavesOf(step).length > 0 || canariesOf(holder, action.slots).length > 0
        ? ['request', 'change']
        : ['change'];
  }
}

/** What the agent is told, made from the plan and from what is known by now. */
export function bodyOf(rotation: Rotation, step: Step, type: CommandBody['type']): CommandBody | undefined {
  switch (type) {
    case 'prepare':
      return { type, keys: keysToPrepare(rotation, step.node) };
    case 'snapshot':
      return { type };
    case 'observe':
      return { type };
    case 'request':
      return step.action.type === 'change'
        ? { type, leaves: leafRequests(rotation, step), canaries: canariesOf(step.holder, step.action.slots) }
        : undefined;
    case 'change':
      return changeBody(rotation, step);
    case 'prove':
      return proveBody(rotation, step);
  }
}

function proveBody(rotation: Rotation, step: Step): CommandBody | undefined {
  const { plan } = rotation;
  const { action } = step;
  if (action.type !== 'prove') return undefined;
  const changed = plan.steps.find(({ id }) => id === action.after);
  const isOwn = changed?.holder === step.holder;
  return {
    type: 'prove',
    after: action.after,
    members: expectedMembers(rotation),
    settleMs: plan.policy.settle,
    ports: {
      canaries: isOwn && changed ? canaryCertificates(rotation, changed.id) : {},
      oldLeaves: changed && (isOwn || action.final) ? oldLeaves(plan, step) : {},
    },
    thorough: action.final,
  };
}

function changeBody(rotation: Rotation, step: Step): CommandBody | undefined {
  const { plan, world } = rotation;
  const { action, holder } = step;
  if (action.type !== 'change') return undefined;
  const contents = realContents(rotation, step.id, action.slots);
  const changed = [...contents.keys()];
  if (changed.length !== Object.keys(action.slots).length) return undefined;
  return {
    type: 'change',
    slots: Object.fromEntries(
      [...contents].map(([slot, certificates]) => {
        const pem = certificates
          .map((one) => one.pem.trim())
          .join('\n')
          .concat('\n');
        return [slot, slots[slot].holds === 'leaf' ? { chain: pem } : { bundle: pem }];
      }),
    ),
    before: Object.fromEntries(
      changed.map((slot) => [slot, contentsOf(world, holder, slot).map(({ facts }) => facts.fingerprint)]),
    ),
    taken: action.taken,
    handOverTo: heirs(rotation, step),
    acceptDowntime: plan.acceptDowntime,
    startTimeoutMs: plan.policy.startTimeout,
    settleMs: plan.policy.settle,
    ports: {
      canaries: canaryCertificates(rotation, step.id),
      oldLeaves: holder.startsWith('member/') ? oldLeaves(plan, step) : {},
    },
    members: expectedMembers(rotation).filter(({ holder: member }) => !changesBeside(plan, step, member)),
  };
}

/** What a member presents that changes at the same time is for the look after its change. */
function changesBeside({ steps }: Plan, { group, holder }: Step, member: HolderId): boolean {
  return steps.some((one) => one.group === group && one.holder === member && one.holder !== holder);
}

function canaryCertificates({ progress }: Rotation, step: string): Partial<Record<Domain, string>> {
  const signed = progress[step]?.signed ?? [];
  return Object.fromEntries(
    signed.flatMap((one) => ('canary' in one.for ? [[one.for.canary, one.chain]] : [])),
  );
}

/** Members that may take the lead: those done in this stage first, then the others, never the holder itself. */
function heirs({ plan, progress }: Rotation, step: Step): string[] {
  const changedIn = plan.steps.filter(
    ({ stage, action, holder }) =>
      stage === step.stage && action.type === 'change' && holder.startsWith('member/'),
  );
  const done = changedIn.filter(({ id }) =>
    progress[id]?.results.some(({ outcome }) => outcome.ok && outcome.value.type === 'changed'),
  );
  const order = [
    ...done.map(({ holder }) => holder),
    ...plan.plannedFrom.members.map(({ holder }) => holder),
  ];
  return [...new Set(order)]
    .filter((holder) => holder !== step.holder)
    .flatMap((holder) => plan.plannedFrom.members.find((member) => member.holder === holder)?.id ?? []);
}

/**
 * Until retire the leaves from before the rotation are accepted; from then on they are refused. A node of which the
 * leaf was of the target already, as in a half-done start, has none that could be refused.
 */
function oldLeaves(
  plan: Plan,
  { stage, node, holder }: Step,
): Partial<Record<Domain, 'accepted' | 'refused'>> {
  const tried = { client: [agentClient(node), 'client-leaf'], peer: [holder, 'peer-leaf'] } as const;
  return Object.fromEntries(
    rotatedDomains(plan).map((domain) => {
      const [owner, slot] = tried[domain];
      const isOld = plan.steps.some(
        (step) => step.holder === owner && leavesOf(step).some(([leaf]) => leaf === slot),
      );
      const isRefused = stage === 'retire' && isOld && !isReissue(plan, domain);
      return [domain, isRefused ? 'refused' : 'accepted'];
    }),
  );
}

/** A CA that comes again with the same key: what the old one signed goes on being accepted. */
function isReissue({ domains }: Plan, domain: Domain): boolean {
  const { target, old = [] } = domains[domain] ?? {};
  if (!target || target.role === 'new') return false;
  return old.some(({ facts }) => facts.publicKey === target.certificate.facts.publicKey);
}

/** Domains from which a CA goes away. */
export function rotatedDomains(plan: Plan): Domain[] {
  return (Object.entries(plan.domains) as [Domain, NonNullable<Plan['domains'][Domain]>][]).flatMap(
    ([domain, { old }]) => (old.length > 0 ? [domain] : []),
  );
}

/** A member's port is proven by a canary of the new CA whenever the bundle behind it changes. */
function canariesOf(holder: HolderId, targets: Partial<Record<Slot, SlotTarget>>): Domain[] {
  if (!holder.startsWith('member/')) return [];
  const changed = memberSlots.filter((slot) => targets[slot] && slots[slot].holds === 'bundle');
  return changed.map((slot) => slots[slot].domain);
}

function leavesOf({ action }: Step): [Slot, CaRef][] {
  if (action.type !== 'change') return [];
  return (Object.entries(action.slots) as [Slot, SlotTarget][]).flatMap(([slot, target]) =>
    'leafOf' in target ? [[slot, target.leafOf] satisfies [Slot, CaRef]] : [],
  );
}

function leafRequests(rotation: Rotation, step: Step) {
  return leavesOf(step).map(([slot]) => ({
    slot,
    kind: keyKindFor(rotation, step.holder, slot),
    change: rotation.plan.leafChanges[leafKey(step.holder, slot)] ?? unchanged,
  }));
}

/** Keys the node will need, so that it can make them before their step begins. */
function keysToPrepare(rotation: Rotation, node: string) {
  return rotation.plan.steps
    .filter((step) => step.node === node)
    .flatMap((step) =>
      leavesOf(step).map(([slot]) => ({
        holder: step.holder,
        slot,
        kind: keyKindFor(rotation, step.holder, slot),
      })),
    );
}

/** As the profile says, else as observed; a kind that we do not make becomes the nearest that we do. */
export function keyKindFor({ plan, observations }: Rotation, holder: HolderId, slot: Slot): KeyKind {
  const seen = holderIn(observations, holder)?.slots[slot];
  const observed = seen && 'chain' in seen ? seen.chain[0]?.facts.keyKind : undefined;
  return plan.profile.leaf.key ?? (observed === undefined || observed === 'other' ? 'ecdsa-p256' : observed);
}

/** What every member must be seen to present now. */
function expectedMembers({ plan, world, observations }: Rotation): Expected[] {
  return plan.plannedFrom.members.flatMap(({ holder, id }) => {
    const seen = holderIn(observations, holder);
    const leaf = (slot: Slot): KnownCertificate | undefined => contentsOf(world, holder, slot)[0];
    const [server, peer] = [leaf('server-leaf'), leaf('peer-leaf')];
    if (!seen?.endpoint || !seen.peerEndpoint || !server || !peer) return [];
    return [
      {
        holder,
        memberId: id,
        clientUrl: seen.endpoint,
        peerUrl: seen.peerEndpoint,
        'server-leaf': server.facts.fingerprint,
        'peer-leaf': peer.facts.fingerprint,
      },
    ];
  });
}
