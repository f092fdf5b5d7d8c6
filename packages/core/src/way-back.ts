import type {
  CaRef,
  Domain,
  HolderId,
  KeptLeaf,
  KnownCertificate,
  Result,
  Slot,
} from '@etcd-rotate/protocol';
import { fail, ok, slots, slotsOf } from '@etcd-rotate/protocol';
import type { Domains } from './domains.ts';
import type { Goal, GoalInput } from './goal.ts';
import { holderIn } from './holders.ts';
import { caOf } from './installed.ts';
import { isKept } from './kept.ts';
import { leafKey } from './leaves.ts';
import type { Rotation } from './rotation.ts';
import { type LeafTarget, stagesBack } from './stages.ts';
import { issuersOf } from './trust.ts';
import { type Contents, contentsOf, type Party, type World } from './world.ts';

export interface WayBack {
  /** The rotation that is to go back, as it is. */
  rotation: Pick<Rotation, 'id' | 'plan' | 'observations' | 'cas'>;
  /** The new CA stays in the bundles that have it: nobody restarts to forget it. */
  keepNewCa: boolean;
}

/**
 * Back to what every slot held when the rotation began: the same bundles, and the same leaves, of which each node has kept
 * certificate and key. Only what is not so any more is changed. A leaf that was lost, or would not be valid for long
 * enough, is issued anew by its CA, where that is held; else there is no way back.
 */
export function goalBack(input: GoalInput, { rotation, keepNewCa }: WayBack): Result<Goal> {
  const then = (holder: HolderId, slot: Slot): Contents => {
    const seen = holderIn(rotation.observations, holder)?.slots[slot];
    if (!seen) return [];
    return 'chain' in seen ? seen.chain : seen.bundle;
  };
  const leaves = leavesBack(input, rotation, then);
  if (!leaves.ok) return leaves;
  return ok({
    direction: 'back',
    keepsNewCa: keepNewCa,
    stages: keepNewCa ? stagesBack.filter((stage) => stage !== 'retire') : stagesBack,
    domains: domainsBack(input, rotation, then),
    leafChanges: rotation.plan.leafChanges,
    casOf: (holder, slot) => (slots[slot].holds === 'bundle' ? then(holder, slot).map(seenRef) : []),
    leafFor: (holder, slot, chain) => {
      const isBack = chain[0]?.facts.fingerprint === then(holder, slot)[0]?.facts.fingerprint;
      const isLoaded = !input.world.get(holder)?.unloaded.has(slot);
      return isBack && isLoaded ? undefined : leaves.value.get(leafKey(holder, slot));
    },
  });
}

type Then = (holder: HolderId, slot: Slot) => Contents;

interface LeafBack {
  party: Party;
  slot: Slot;
  /** The leaf from before, and what travels with it. */
  kept: Contents;
  leaf: KnownCertificate;
}

/** What leaves go back to: the kept ones, or where those are lost or end too soon, others of the same CA. */
function leavesBack(input: GoalInput, rotation: WayBack['rotation'], then: Then): Result<LeavesBack> {
  const { world, held, kept: copies, now } = input;
  const back = new Map<string, LeafTarget>();
  const none: NoWayBack[] = [];
  const needed = Date.parse(now) + rotation.plan.policy.horizon;
  for (const one of leavesOf(world, rotation, then)) {
    const { party, slot, kept, leaf } = one;
    const isThere = printOf(contentsOf(world, party.holder, slot)) === leaf.facts.fingerprint;
    const isLost = !isThere && !hasCopies(one, copies);
    const lasts = Date.parse(leaf.facts.notAfter) > needed;
    const issuer = heldRefOf(leaf, held);
    if (lasts && !isLost) back.set(leafKey(party.holder, slot), { kept: [...kept] });
    else if (issuer) back.set(leafKey(party.holder, slot), { leafOf: issuer });
    else if (!isThere) none.push({ ...one, isLost });
  }
  return none.length > 0 ? noWayBack(rotation.id, none) : ok(back);
}

type LeavesBack = Map<string, LeafTarget>;

function leavesOf(world: World, { plan }: WayBack['rotation'], then: Then): LeafBack[] {
  return [...world.values()].flatMap((party) =>
    slotsOf(party.holder).flatMap((slot) => {
      const kept = then(party.holder, slot);
      const [leaf] = kept;
      const isOfPlan = slots[slot].holds === 'leaf' && plan.domains[slots[slot].domain] !== undefined;
      return isOfPlan && leaf ? [{ party, slot, kept, leaf }] : [];
    }),
  );
}

/** Where one file is two slots, both are put back from a copy of their own. */
function hasCopies({ party, slot, leaf }: LeafBack, copies: readonly KeptLeaf[]): boolean {
  const file = party.files.get(slot);
  const together = slotsOf(party.holder).filter((one) => one === slot || party.files.get(one) === file);
  const { holder } = party;
  const { fingerprint } = leaf.facts;
  return together.every((one) => isKept(copies, { direction: 'forward', holder, slot: one, fingerprint }));
}

type NoWayBack = LeafBack & { isLost: boolean };

function noWayBack(id: string, none: readonly NoWayBack[]): Result<never> {
  const causes = none.map(({ party: { holder, node }, slot, leaf: { facts }, isLost }) => {
    const why = isLost ? `is not kept on ${node} any more` : `ends at ${facts.notAfter}`;
    return `${id}: the ${slot} of ${holder} from before ${why}, and the key of its CA (${facts.issuer}) is not held here`;
  });
  const [message = ''] = causes;
  const lostOn = [...new Set(none.flatMap(({ party, isLost }) => (isLost ? [party.node] : [])))];
  const fromBackup =
    lostOn.length > 0
      ? `put the folder rotations/${id} in the state of the agent on ${lostOn.join(', ')} back from a backup; or `
      : '';
  const { failure } = fail(
    'no-way-back',
    message,
    `${fromBackup}give that key to the coordinator (\`rotate ca adopt\`) and ask again; or go on with \`rotate resume\``,
  );
  return { ok: false, failure: causes.length > 1 ? { ...failure, causes } : failure };
}

function printOf([leaf]: Contents): string | undefined {
  return leaf?.facts.fingerprint;
}

function domainsBack(input: GoalInput, rotation: WayBack['rotation'], then: Then): Domains {
  const result: Domains = {};
  for (const [domain, { old, target, others }] of Object.entries(rotation.plan.domains) as [
    Domain,
    NonNullable<Domains[Domain]>,
  ][]) {
    const made = caOf(rotation, target);
    const issuer = issuerThen(domain, input, then) ?? old[0];
    if (!issuer) continue;
    result[domain] = {
      // Where it was before, it stays: each bundle goes back to what it held.
      old: made && made.facts.fingerprint !== issuer.facts.fingerprint ? [made] : [],
      target: heldRef(issuer, input.held) ?? seenRef(issuer),
      others,
      isOfTarget: (chain) => issuersOf(chain, [issuer], 'clientAuth', input.verify).length > 0,
    };
  }
  return result;
}

/** Who issued the leaves of a domain before the rotation; where several did, one of them. */
function issuerThen(domain: Domain, { world, verify }: GoalInput, then: Then): KnownCertificate | undefined {
  const holders = [...world.keys()];
  const ofKind = (kind: 'leaf' | 'bundle'): { slot: Slot; contents: Contents }[] =>
    holders.flatMap((holder) =>
      slotsOf(holder)
        .filter((slot) => slots[slot].domain === domain && slots[slot].holds === kind)
        .map((slot) => ({ slot, contents: then(holder, slot) })),
    );
  const bundled = ofKind('bundle').flatMap(({ contents }) => contents);
  for (const { slot, contents } of ofKind('leaf')) {
    const [usage = 'clientAuth'] = slots[slot].usages;
    const [issuer] = issuersOf(contents, bundled, usage, verify);
    if (issuer) return issuer;
  }
  return undefined;
}

function heldRef(ca: KnownCertificate, held: ReadonlyMap<string, KnownCertificate>): CaRef | undefined {
  const found = [...held].find(([, { facts }]) => facts.fingerprint === ca.facts.fingerprint);
  return found && { role: 'held', name: found[0], certificate: found[1] };
}

/**
 * By name and key identifier: the leaf may have ended already, so that no verifier would say whose it is. That it fits is
 * for the proof of the plan to say.
 */
function heldRefOf(
  { facts: leaf }: KnownCertificate,
  held: ReadonlyMap<string, KnownCertificate>,
): CaRef | undefined {
  const isIssuer = ({ facts: { subject, subjectKeyId } }: KnownCertificate): boolean => {
    const says = leaf.authorityKeyId !== undefined && subjectKeyId !== undefined;
    return subject === leaf.issuer && (!says || subjectKeyId === leaf.authorityKeyId);
  };
  const found = [...held].find(([, certificate]) => isIssuer(certificate));
  return found && { role: 'held', name: found[0], certificate: found[1] };
}

function seenRef(certificate: KnownCertificate): CaRef {
  return { role: 'seen', certificate };
}
