import { proveLoaded } from '@etcd-rotate/etcd';
import type { Domain, Ports, Proof } from '@etcd-rotate/protocol';
import { leavesInUse, type MemberHere, oldLeafOf, portOf, throwAwayFor } from './ports.ts';

/**
 * The ports of the own member have loaded their bundles: they accept the canary of the new CA and the leaf in use,
 * refuse a leaf of a CA that nobody knows, and accept or refuse the leaf from before, as the stage wants.
 */
export async function provePorts(
  ports: Ports,
  here: MemberHere,
  look: { canariesOf: string; deadlineMs: number },
): Promise<Proof[]> {
  const domains = Object.entries(ports.oldLeaves) as [Domain, 'accepted' | 'refused'][];
  const proofs = domains.map(([domain, old]) =>
    provePort(here, { domain, old, canary: ports.canaries[domain], ...look }),
  );
  return (await Promise.all(proofs)).flat();
}

interface Look {
  domain: Domain;
  old: 'accepted' | 'refused';
  canary: string | undefined;
  canariesOf: string;
  deadlineMs: number;
}

async function provePort(
  here: MemberHere,
  { domain, old, canary, canariesOf, deadlineMs }: Look,
): Promise<Proof[]> {
  const where = `${domain} port of ${here.member.holder}`;
  const unclear = (what: Proof['what'], detail: string): Proof[] => [
    { what, where, verdict: 'not-provable', detail },
  ];
  const port = await portOf(here, domain);
  if (!port.ok) return unclear('accepts-leaf-in-use', port.failure.message);
  const key = here.node.canaries.of(canariesOf, domain);
  if (canary && !key) {
    return unclear('accepts-canary', 'the key of its canary is gone, as after a restart of the agent');
  }
  // Not to be able to try it must not look like a refusal.
  if (old === 'refused' && !(await oldLeafOf(here, domain))) {
    return unclear('refuses-old-leaf', 'no copy of the leaf from before the rotation is there');
  }
  const throwAway = await throwAwayFor(here, domain);
  if (!throwAway.ok) return unclear('refuses-throw-away', throwAway.failure.message);
  return proveLoaded({
    ...port.value.at,
    ...(canary && key ? { canary: { cert: canary, key } } : {}),
    throwAway: throwAway.value,
    leafInUse: await leavesInUse(here, port.value, old),
    deadlineMs,
  });
}
