import type { CaRef, Domain, HolderId, KnownCertificate, Result, Slot } from '@etcd-rotate/protocol';
import { fail, ok, slots, slotsOf } from '@etcd-rotate/protocol';
import type { Domains } from './domains.ts';
import type { Goal, GoalInput } from './goal.ts';
import { holderIn } from './holders.ts';
import { caOf } from './installed.ts';
import type { Rotation } from './rotation.ts';
import { type LeafTarget, stagesBack } from './stages.ts';
import { issuersOf } from './trust.ts';
import type { Contents } from './world.ts';

export interface WayBack {
  /** The rotation that is to go back, as it is. */
  rotation: Pick<Rotation, 'id' | 'plan' | 'observations' | 'cas'>;
  /** The new CA stays in the bundles that have it: nobody restarts to forget it. */
  keepNewCa: boolean;
}

/**
 * Back to what every slot held when the rotation began: the same bundles, and the same leaves, of which each node has kept
 * certificate and key. Only what is not so any more is changed. A kept leaf that would not be valid for long enough is
 * issued anew by its CA, where that is held; else there is no way back.
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
      return isBack && isLoaded ? undefined : leaves.value.get(`${holder} ${slot}`);
    },
  });
}

type Then = (holder: HolderId, slot: Slot) => Contents;

/** What leaves go back to: the kept ones, or where those end too soon, others of the same CA. */
function leavesBack(
  { world, held, now }: GoalInput,
  { id, plan }: WayBack['rotation'],
  then: Then,
): Result<Map<string, LeafTarget>> {
  const back = new Map<string, LeafTarget>();
  const needed = Date.parse(now) + plan.policy.horizon;
  for (const { holder, slots: there } of world.values()) {
    for (const slot of slotsOf(holder)) {
      const kept = then(holder, slot);
      const [leaf] = kept;
      if (slots[slot].holds !== 'leaf' || !plan.domains[slots[slot].domain] || !leaf) continue;
      if (Date.parse(leaf.facts.notAfter) > needed) {
        back.set(`${holder} ${slot}`, { kept: [...kept] });
        continue;
      }
      const issuer = heldRefOf(leaf, held);
      if (issuer) back.set(`${holder} ${slot}`, { leafOf: issuer });
      else if (there.get(slot)?.at(-1)?.[0]?.facts.fingerprint !== leaf.facts.fingerprint) {
        return fail(
          'no-way-back',
          `${id}: the ${slot} of ${holder} from before ends at ${leaf.facts.notAfter}, and the key of its CA (${leaf.facts.issuer}) is not held here`,
          'go on with `rotate resume`; or give that key to the coordinator (`etcd-rotate-coordinator adopt-ca`) and ask again',
        );
      }
    }
  }
  return ok(back);
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
