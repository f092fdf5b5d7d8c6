import type { Contents } from '@etcd-rotate/core';
import {
  agentClient,
  type Command,
  type Domain,
  type Expected,
  type Ports,
  type Proof,
  type Secret,
} from '@etcd-rotate/protocol';
import type { Holder } from './a-holder.ts';
import type { Agent } from './agent.ts';
import { aCa, aLeaf, isFor, knownOf, readPem, verify } from './certificates.ts';
import type { Cluster } from './cluster.ts';
import { copyName } from './copy-name.ts';

// What handshakes would prove, decided by what is really in use.

export function claim(what: Proof['what'], where: string, holds: boolean): Proof {
  return {
    what,
    where,
    verdict: holds ? 'proven' : 'disproven',
    detail: holds ? 'it is so' : 'it is not so',
  };
}

/** The client port of a member presents the leaf that is expected, and the one who looks trusts it. */
export function provePresents(cluster: Cluster, { expected, by }: { expected: Expected; by: Holder }): Proof {
  const member = cluster.holder(expected.holder);
  const [leaf] = member.inUse('server-leaf');
  const trusted =
    verify(member.inUse('server-leaf'), by.inUse('server-bundle'), 'serverAuth', 0).accepted &&
    verify(by.inUse('client-leaf'), member.inUse('client-bundle'), 'clientAuth', 0).accepted;
  const isIt = leaf?.facts.fingerprint === expected['server-leaf'];
  return claim('presents', expected.clientUrl, member.process !== undefined && trusted && isIt);
}

interface Looking {
  agent: Agent;
  member: Holder;
  command: Pick<Command, 'rotation' | 'direction'>;
  /** The step that changed a member: canaries are kept under its name. */
  after: string;
}

/** The bundles behind the ports of a member let in and keep out whom they should. */
export function provePorts({ agent, member, command, after }: Looking, ports: Ports): Proof[] {
  const client = agentClient(agent.node);
  return (Object.entries(ports.oldLeaves) as [Domain, 'accepted' | 'refused'][]).flatMap(([domain, old]) => {
    const where = `${domain} port of ${member.id}`;
    const bundle = member.inUse(domain === 'client' ? 'client-bundle' : 'peer-bundle');
    const accepts = (chain: Contents): boolean => verify(chain, bundle, 'clientAuth', 0).accepted;
    const isClient = domain === 'client';
    const inUse = isClient ? agent.cluster.holder(client).inUse('client-leaf') : member.inUse('peer-leaf');
    const [holder, slot] = isClient
      ? ([client, 'client-leaf'] as const)
      : ([member.id, 'peer-leaf'] as const);
    // What goes on being accepted is from before the rotation; what is refused on the way back is from before that.
    const of = old === 'accepted' ? ({ ...command, direction: 'forward' } as const) : command;
    const before = agent.copies.get(copyName(of, holder, slot)) ?? [];
    const throwAway = aLeaf({ ca: aCa('nobody'), commonName: 'throw-away' });
    return [
      ...proveCanary(ports.canaries[domain], agent.canaries.get(`${command.rotation} ${after} ${domain}`), {
        where,
        accepts,
      }),
      claim('accepts-leaf-in-use', where, accepts(inUse)),
      claim('refuses-throw-away', where, !accepts([throwAway])),
      ...proveOldLeaf(old, before, { where, accepts }),
    ];
  });
}

/** Without a copy a refusal can not be shown; that it goes on being accepted is shown by all the others. */
function proveOldLeaf(
  old: 'accepted' | 'refused',
  before: Contents,
  { where, accepts }: { where: string; accepts(chain: Contents): boolean },
): Proof[] {
  const isLost = before.length === 0;
  if (old === 'accepted') return isLost ? [] : [claim('accepts-leaf-in-use', where, accepts(before))];
  if (!isLost) return [claim('refuses-old-leaf', where, !accepts(before))];
  const detail = 'no copy of the leaf from before the rotation is there';
  return [{ what: 'refuses-old-leaf', where, verdict: 'not-provable', detail }];
}

function proveCanary(
  canary: string | undefined,
  key: Secret | undefined,
  { where, accepts }: { where: string; accepts(chain: Contents): boolean },
): Proof[] {
  if (canary === undefined) return [];
  const [leaf] = readPem(canary);
  if (leaf && key && isFor(leaf, key)) return [claim('accepts-canary', where, accepts([knownOf(leaf)]))];
  const detail = 'the key of its canary is gone';
  return [{ what: 'accepts-canary', where, verdict: 'not-provable', detail }];
}
