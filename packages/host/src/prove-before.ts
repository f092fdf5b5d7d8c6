import { proveLoaded, wasRefusedBefore } from '@etcd-rotate/etcd';
import { type Domain, type Failure, fail, ok, type Proof, type Result } from '@etcd-rotate/protocol';
import { memberOn } from './node.ts';
import { type MemberHere, oldLeafOf, portOf, throwAwayFor } from './ports.ts';
import { connectionsTo, type Process } from './processes.ts';
import { stepKey, type Work } from './work.ts';

/** What a change found before it began: to be held against what is there afterwards. */
export interface Before {
  process: Process | undefined;
  /** Of a client, to the members. */
  connections: Set<string>;
  proofs: Proof[];
}

const lookForMs = 5000;

/** Keys of canaries are in memory alone, so that none is left once the agent was restarted. */
export function canaryLost({ command, body, holder, node }: Work): Failure | undefined {
  const wanted = Object.keys(body.ports.canaries) as Domain[];
  const missing = wanted.find((domain) => !node.canaries.of(stepKey(command), domain));
  if (!missing) return undefined;
  const message = `${holder.holder}: the key of the canary for its ${missing} port is gone`;
  return fail('canary-lost', message, 'the agent was restarted; the step begins again by itself', true)
    .failure;
}

/**
 * Looks before anything is changed.
 *
 * @param due whether the running process has yet to take the change up: else it is too late for that, and it is left out
 */
export async function lookBefore(
  work: Work,
  { process, due }: { process: Process | undefined; due: boolean },
): Promise<Result<Before>> {
  const { body, command, holder, node } = work;
  const { rotation, direction } = command;
  const urls = body.members.map(({ clientUrl }) => clientUrl);
  // A process that was restarted already has none from before: all that it has were opened with the new files.
  const hasOld = process && holder.kind === 'client' && (due || body.taken !== 'restart');
  const connections = hasOld ? await connectionsTo(process.pid, urls) : new Set<string>();
  const here = memberOn(node, command.cluster);
  if (holder.kind !== 'member' || !here || !process || !due) return ok({ process, connections, proofs: [] });
  const domains = Object.entries(body.ports.oldLeaves) as [Domain, 'accepted' | 'refused'][];
  const looks = await Promise.all(
    domains.map(([domain, later]) =>
      lookAtPort(work, { ...here, node, rotation, direction }, { domain, later }),
    ),
  );
  const failed = looks.find((look) => !look.ok);
  if (failed && !failed.ok) return failed;
  return ok({ process, connections, proofs: looks.flatMap((look) => (look.ok ? look.value : [])) });
}

/**
 * The new CA is refused before it is trusted; the old leaf is accepted before it is refused: a refusal counts only where
 * the same port accepted the same leaf from the same address before.
 */
async function lookAtPort(
  { command, body, node }: Work,
  here: MemberHere,
  { domain, later }: { domain: Domain; later: 'accepted' | 'refused' },
): Promise<Result<Proof[]>> {
  const port = await portOf(here, domain);
  if (!port.ok) return port;
  const { at } = port.value;
  if (later === 'accepted') {
    const canary = body.ports.canaries[domain];
    const key = node.canaries.of(stepKey(command), domain);
    if (!canary || !key) return ok([]);
    return ok(await wasRefusedBefore({ ...at, canary: { cert: canary, key }, deadlineMs: lookForMs }));
  }
  const old = await oldLeafOf(here, domain, later);
  const throwAway = await throwAwayFor(here, domain);
  if (!old || !throwAway.ok) return ok([]);
  const leafInUse = { ...old, must: 'accepted' } as const;
  const proofs = await proveLoaded({ ...at, throwAway: throwAway.value, leafInUse, deadlineMs: lookForMs });
  return ok(proofs.filter(({ what }) => what === 'accepts-leaf-in-use'));
}
