import { proveLoaded } from '@etcd-rotate/etcd';
import {
  type Domain,
  fail,
  ok,
  type Ports,
  type Proof,
  type Result,
  type Secret,
} from '@etcd-rotate/protocol';
import { leavesInUse, type MemberHere, oldLeafOf, portOf, throwAwayFor } from './ports.ts';

type Canaries = Partial<Record<Domain, { cert: string; key: Secret }>>;

/** The canaries of a step with their keys, which are in memory alone. Without them the looking is not worth beginning. */
export function canariesAt(
  { canaries }: Ports,
  { node, member }: MemberHere,
  step: string,
): Result<Canaries> {
  const found: Canaries = {};
  for (const [domain, cert] of Object.entries(canaries) as [Domain, string][]) {
    const key = node.canaries.of(step, domain);
    if (!key) {
      return fail(
        'canary-lost',
        `the key of the canary for the ${domain} port of ${member.holder} is gone, as after a restart of the agent`,
        'the agent was restarted; the step begins again by itself',
        true,
      );
    }
    found[domain] = { cert, key };
  }
  return ok(found);
}

/**
 * The ports of the own member have loaded their bundles: they accept the canary of the new CA and the leaf in use,
 * refuse a leaf of a CA that nobody knows, and accept or refuse the leaf from before, as the stage wants.
 */
export async function provePorts(
  ports: Ports,
  here: MemberHere,
  look: { canaries: Canaries; deadlineMs: number },
): Promise<Proof[]> {
  const domains = Object.entries(ports.oldLeaves) as [Domain, 'accepted' | 'refused'][];
  const proofs = domains.map(([domain, old]) =>
    provePort(here, { domain, old, canary: look.canaries[domain], deadlineMs: look.deadlineMs }),
  );
  return (await Promise.all(proofs)).flat();
}

interface Look {
  domain: Domain;
  old: 'accepted' | 'refused';
  canary: Canaries[Domain];
  deadlineMs: number;
}

async function provePort(here: MemberHere, { domain, old, canary, deadlineMs }: Look): Promise<Proof[]> {
  const where = `${domain} port of ${here.member.holder}`;
  const unclear = (what: Proof['what'], detail: string): Proof[] => [
    { what, where, verdict: 'not-provable', detail },
  ];
  const port = await portOf(here, domain);
  if (!port.ok) return unclear('accepts-leaf-in-use', port.failure.message);
  // Not to be able to try it must not look like a refusal.
  if (old === 'refused' && !(await oldLeafOf(here, domain, old))) {
    return unclear('refuses-old-leaf', 'no copy of the leaf from before the rotation is there');
  }
  const throwAway = await throwAwayFor(here, domain);
  if (!throwAway.ok) return unclear('refuses-throw-away', throwAway.failure.message);
  return proveLoaded({
    ...port.value.at,
    ...(canary ? { canary } : {}),
    throwAway: throwAway.value,
    leafInUse: await leavesInUse(here, port.value, old),
    deadlineMs,
  });
}
