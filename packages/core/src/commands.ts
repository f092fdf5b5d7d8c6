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
import { agentClient, slots } from '@etcd-rotate/protocol';
import { holderIn } from './holders.ts';
import { realContents } from './installed.ts';
import { leafKey, unchanged } from './leaves.ts';
import type { Rotation } from './rotation.ts';
import { contentsOf } from './world.ts';
import { worldNow } from './world-now.ts';

/** The commands of a step, in order. */
export function commandTypesOf(step: Step): CommandBody['type'][] {
  const { action } = step;
  switch (action.type) {
    case 'prepare':
    case 'snapshot':
    case 'prove':
      return [action.type];
    case 'change':
      return leavesOf(step).length > 0 || action.canaries.length > 0 ? ['request', 'change'] : ['change'];
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
    case 'lead':
      return { type };
    case 'trust-key':
      // No step of a rotation.
      return undefined;
    case 'request':
      return step.action.type === 'change'
        ? { type, leaves: leafRequests(rotation, step), canaries: step.action.canaries }
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
      oldLeaves: changed && (isOwn || action.final) ? oldLeaves(rotation, step) : {},
    },
    thorough: action.final,
    files: filesAsLeft(rotation, step.node),
  };
}

/** What may lie in every slot of a node: of a change that is under way, what was there or what will be. */
function filesAsLeft(rotation: Rotation, node: string): Extract<CommandBody, { type: 'prove' }>['files'] {
  const parties = [...worldNow(rotation).values()].filter((party) => party.node === node);
  return parties.flatMap(({ holder, slots: held }) =>
    [...held].map(([slot, possible]) => ({
      holder,
      slot,
      fingerprints: possible.map((contents) => contents.map(({ facts }) => facts.fingerprint)),
    })),
  );
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
        const target = action.slots[slot];
        const key = target && 'kept' in target ? 'kept' : 'made';
        return [slot, slots[slot].holds === 'leaf' ? { chain: pem, key } : { bundle: pem }];
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
      oldLeaves: holder.startsWith('member/') ? oldLeaves(rotation, step) : {},
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
  rotation: Rotation,
  { stage, node, holder }: Step,
): Partial<Record<Domain, 'accepted' | 'refused'>> {
  const { plan } = rotation;
  const tried = { client: [agentClient(node), 'client-leaf'], peer: [holder, 'peer-leaf'] } as const;
  return Object.fromEntries(
    rotatedDomains(plan).map((domain) => {
      const [owner, slot] = tried[domain];
      const isOld = plan.steps.some(
        ({ holder: changed, action }) =>
          changed === owner && action.type === 'change' && action.slots[slot] !== undefined,
      );
      const isGone = stage === 'retire' && !keepsOld(rotation, holder, domain);
      const isRefused = isGone && isOld && !isReissue(plan, domain);
      return [domain, isRefused ? 'refused' : 'accepted'];
    }),
  );
}

/** On the way back a bundle may go on holding the new CA: it had it before. */
function keepsOld({ plan, world }: Rotation, member: HolderId, domain: Domain): boolean {
  const slot = domain === 'client' ? 'client-bundle' : 'peer-bundle';
  const changes = plan.steps.flatMap(({ holder, action }) =>
    holder === member && action.type === 'change' ? (action.slots[slot] ?? []) : [],
  );
  const last = changes.at(-1);
  const inTheEnd =
    last && 'bundle' in last
      ? last.bundle.flatMap((ref) => (ref.role === 'new' ? [] : ref.certificate))
      : contentsOf(world, member, slot);
  const { old = [] } = plan.domains[domain] ?? {};
  return old.some((ca) => inTheEnd.some(({ facts }) => facts.fingerprint === ca.facts.fingerprint));
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
