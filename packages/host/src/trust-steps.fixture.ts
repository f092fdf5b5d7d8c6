import type { Command, CommandBody, Domain, Expected } from '@etcd-rotate/protocol';
import { carryOut, type Outcome } from './carry-out.ts';
import { aCa, signed, type TestCa } from './certificates.fixture.ts';
import type { LoopbackNode, LoopbackNodes } from './loopback-nodes.fixture.ts';
import { aChange, aCommand, printsOf } from './node.fixture.ts';
import { observeNode } from './observe-node.ts';
import type { Change } from './work.ts';

type At = Pick<LoopbackNode, 'node' | 'member'>;

/** What a coordinator asks of real members, one step after the other; each test calls `begin` for a step of its own. */
export interface TrustSteps {
  members: Expected[];
  next: Record<Domain, TestCa>;
  begin(): void;
  step(): string;
  command(one: At, body: CommandBody, step?: string, attempt?: number): Command;
  obey(one: At, body: CommandBody, step?: string, attempt?: number): Promise<Outcome>;
  canariesFor(one: At, attempt?: number): Promise<Record<Domain, string>>;
  trustChange(
    one: LoopbackNode,
    to: 'both' | 'old',
    canaries?: Partial<Record<Domain, string>>,
  ): Promise<Change>;
  theLeader(): Promise<LoopbackNode>;
  aFollower(): Promise<LoopbackNode>;
}

export async function trustSteps(cluster: LoopbackNodes): Promise<TrustSteps> {
  const members = await cluster.expected();
  const next = { client: await aCa('new client CA'), peer: await aCa('new peer CA') };
  let count = 0;
  const step = () => `s${count}`;
  const command: TrustSteps['command'] = ({ node, member }, body, name = step(), attempt = 1) => ({
    ...aCommand(body, { holder: member.holder, step: name, attempt }),
    node: node.name,
  });
  const obey: TrustSteps['obey'] = (one, body, name, attempt) =>
    carryOut(command(one, body, name, attempt), JSON.stringify(body), one.node);
  const theLeader = async () => {
    const { leader } = await cluster.nodes[0].serving();
    const found = cluster.nodes.find(
      ({ member }) => members.find(({ holder }) => holder === member.holder)?.memberId === leader,
    );
    if (!found) throw new Error('nobody leads');
    return found;
  };
  for (const one of cluster.nodes) await obey(one, { type: 'prepare', keys: [] }, 'prepare');
  return {
    members,
    next,
    begin: () => {
      count += 1;
    },
    step,
    command,
    obey,
    theLeader,
    aFollower: async () => {
      const leader = await theLeader();
      const [one] = cluster.nodes.filter((node) => node !== leader);
      if (!one) throw new Error('no follower');
      return one;
    },
    // Asks a member for requests for canaries, and signs them.
    canariesFor: async (one, attempt) => {
      const body: CommandBody = { type: 'request', leaves: [], canaries: ['client', 'peer'] };
      const asked = await obey(one, body, step(), attempt);
      if (!asked.ok || asked.value.type !== 'requested') throw new Error(JSON.stringify(asked));
      const { canaries } = asked.value;
      const of = (domain: Domain) => {
        const csr = canaries.find((canary) => canary.domain === domain)?.csr ?? '';
        return signed(next[domain], csr, domain === 'client' ? ['clientAuth'] : undefined).cert;
      };
      return { client: of('client'), peer: of('peer') };
    },
    // What the bundles of a member hold, and what they shall hold.
    trustChange: async (one, to, canaries = {}) => {
      const [client, peer] = [await one.read('pki/ca.crt'), await one.read('pki/peer-ca.crt')];
      const wanted = (old: TestCa, fresh: TestCa) => ({
        bundle: to === 'both' ? old.pem + fresh.pem : old.pem,
      });
      const oldLeaves = Object.fromEntries(
        Object.keys(canaries).map((domain) => [domain, 'accepted' as const]),
      );
      return aChange({
        slots: {
          'client-bundle': wanted(cluster.clientCa, next.client),
          'peer-bundle': wanted(cluster.peerCa, next.peer),
        },
        before: { 'client-bundle': printsOf(client), 'peer-bundle': printsOf(peer) },
        startTimeoutMs: 15_000,
        handOverTo: members
          .filter(({ holder }) => holder !== one.member.holder)
          .map(({ memberId }) => memberId),
        ports: { canaries, oldLeaves },
        members,
      });
    },
  };
}

/** It serves, nothing is wrong with its files, and its process has read what lies there. */
export async function isHealthy(one: LoopbackNode): Promise<void> {
  await one.serving();
  const seen = await observeNode(one.node, 'c');
  const problems = seen.holders.flatMap((holder) => holder.problems);
  const unread = Object.entries(seen.holders[0]?.slots ?? {}).filter(
    ([, one]) => 'loaded' in one && !one.loaded,
  );
  if (problems.length + unread.length > 0) throw new Error(JSON.stringify({ problems, unread }, null, 2));
}
