import { type Contents, type Refusal, strangers, type World, worldFrom } from '@etcd-rotate/core';
import {
  agentClient,
  type Command,
  type CommandResult,
  type Domain,
  type FleetCluster,
  type HolderId,
  type NodeObservation,
  nodesOf,
  type Slot,
  slots,
  slotsOf,
} from '@etcd-rotate/protocol';
import type { ClientWish, MemberWish } from './a-cluster.ts';
import { aHolder, type Holder } from './a-holder.ts';
import { aCa, judge, verify } from './certificates.ts';
import type { Clock } from './clock.ts';
import { observeNode } from './observe-node.ts';

export interface ClusterParts {
  fleet: FleetCluster;
  members: MemberWish[];
  clients: ClientWish[];
  ca: string;
  peerCa: string;
  leader: string | undefined;
  flags: Record<string, string>;
  clock: Clock;
}

type Outcome = CommandResult['outcome'];

/**
 * An etcd cluster that obeys as etcd does: certificates are verified at every handshake, a member without a majority of
 * members it can talk to serves nobody, and a leader that stops is followed by another. Tests look at where it ended.
 */
export class Cluster {
  readonly fleet: FleetCluster;
  readonly clock: Clock;
  readonly holders: ReadonlyMap<HolderId, Holder>;
  readonly versions: ReadonlyMap<HolderId, string>;
  readonly flags: Record<string, string>;
  clusterId = 'c1';
  leader: HolderId;
  term = 2;
  index = 1000;
  /** Raised by etcd, as `NOSPACE of m2`. */
  alarms: string[] = [];
  /** Every restart in order, and how many members ran when it came to that. */
  readonly restarts: { holder: HolderId; running: number }[] = [];
  readonly snapshots: string[] = [];
  /** What the agent of each node has kept, by `copyName`. */
  readonly copies = new Map<string, ReadonlyMap<string, Contents>>();
  readonly #starts = new Map<HolderId, (holder: Holder) => boolean>();
  readonly #mishaps: { what: string; happens: (command: Command) => Outcome | undefined }[] = [];

  constructor({ fleet, members, clients, ca, peerCa, leader, flags, clock }: ClusterParts) {
    this.fleet = fleet;
    this.flags = flags;
    this.clock = clock;
    const cas = { client: aCa(ca), peer: aCa(peerCa) };
    this.holders = new Map(
      [
        ...members.map(({ name, node, oneBundle }) => ({
          id: `member/${name}` as HolderId,
          node,
          oneBundle,
          takes: 'restart' as const,
        })),
        ...clients.map(({ name, node, takes }) => ({ id: `client/${name}` as HolderId, node, takes })),
        ...members.map(({ node }) => ({ id: agentClient(node), node, takes: 'by-itself' as const })),
      ].map((of) => [of.id, aHolder(of, cas)]),
    );
    this.versions = new Map(members.map(({ name, version }) => [`member/${name}`, version]));
    this.leader = `member/${leader ?? members[0]?.name}`;
  }

  get members(): Holder[] {
    return [...this.holders.values()].filter(({ isMember }) => isMember);
  }

  get nodes(): string[] {
    return nodesOf(this.fleet);
  }

  holder(id: HolderId): Holder {
    const found = this.holders.get(id);
    if (!found) throw new Error(`the cluster has no ${id}`);
    return found;
  }

  memberOn(node: string): Holder | undefined {
    return this.members.find((member) => member.node === node);
  }

  /** `a0`, `a1`, … in the order in which the members were named. */
  idOf(id: HolderId): string {
    return (0xa0 + this.members.findIndex((member) => member.id === id)).toString(16);
  }

  /** Linearizable: it talks to a majority, and there is a leader among those. */
  serves(member: Holder): boolean {
    if (!member.process) return false;
    const connected = this.members.filter((other) => other === member || this.connected(member, other));
    return connected.length > this.members.length / 2 && connected.some(({ id }) => id === this.leader);
  }

  /** Each dials the other, so each verifies the other twice (facts: etcd, section 0, fact 6). */
  connected(a: Holder, b: Holder): boolean {
    if (!a.process || !b.process) return false;
    return [[a, b] as const, [b, a] as const].every(([presenter, verifier]) =>
      (['serverAuth', 'clientAuth'] as const).every(
        (usage) => verify(presenter.inUse('peer-leaf'), verifier.inUse('peer-bundle'), usage, 0).accepted,
      ),
    );
  }

  /** Starts with what lies on disk. Where it may not start, it is down from now on. */
  restart(holder: Holder): void {
    this.restarts.push({ holder: holder.id, running: this.members.filter(({ process }) => process).length });
    this.stop(holder.id);
    if (!(this.#starts.get(holder.id) ?? (() => true))(holder)) return;
    this.start(holder.id);
  }

  start(id: HolderId): void {
    const holder = this.holder(id);
    this.clock.pass(1);
    holder.process = { pid: 1000 + this.restarts.length + 1, startedAt: this.clock.now().toISOString() };
    holder.load();
    this.elect();
  }

  stop(id: HolderId): void {
    this.holder(id).process = undefined;
    this.elect();
  }

  /** From now on it runs only while that holds: what a file that it cannot read does to a process. */
  startsOnlyWhile(id: HolderId, may: (holder: Holder) => boolean): void {
    this.#starts.set(id, may);
  }

  /** @returns whether the lead was moved */
  moveLeader(to: HolderId): boolean {
    if (!this.serves(this.holder(to))) return false;
    this.leader = to;
    this.term += 1;
    return true;
  }

  private elect(): void {
    if (this.holder(this.leader).process) return;
    const next = this.members.find((one) => {
      const connected = this.members.filter((other) => other === one || this.connected(one, other));
      return one.process && connected.length > this.members.length / 2;
    });
    if (!next) return;
    this.leader = next.id;
    this.term += 1;
  }

  /** Something happens when a node is about to obey a command, said as in `trust-b change`. */
  before(what: string, happens: (command: Command) => void, times = 1): void {
    this.#expect(what, times, (command) => {
      happens(command);
      return undefined;
    });
  }

  /** A node answers this instead of obeying. */
  instead(what: string, answer: (command: Command) => Outcome, times = 1): void {
    this.#expect(what, times, answer);
  }

  #expect(what: string, times: number, happens: (command: Command) => Outcome | undefined): void {
    for (let time = 0; time < times; time += 1) this.#mishaps.push({ what, happens });
  }

  mishap(command: Command): Outcome | undefined {
    const index = this.#mishaps.findIndex(({ what }) => what === `${command.step} ${command.body.type}`);
    return index < 0 ? undefined : this.#mishaps.splice(index, 1)[0]?.happens(command);
  }

  /** @param keptOf the rotation whose kept copies are looked at, too */
  observe(node: string, keptOf?: string): NodeObservation {
    return observeNode(this, node, keptOf);
  }

  observations(keptOf?: string): NodeObservation[] {
    return this.nodes.map((node) => this.observe(node, keptOf));
  }

  /** Who refuses whom at this moment, with what is in use. */
  strangers(): Refusal[] {
    const world: World = new Map(
      [...worldFrom(this.observations())].map(([id, party]) => [
        id,
        { ...party, slots: new Map(slotsOf(id).map((slot) => [slot, [this.holder(id).inUse(slot)]])) },
      ]),
    );
    return strangers(world, { ...judge, aheadMs: 0 }).refusals;
  }

  /** The CAs that issued what is presented, by name. */
  presents(domain: Domain): string[] {
    return this.#names(domain, 'leaf', ([leaf]) => (leaf ? [leaf.facts.issuer] : []));
  }

  /** The CAs in the bundles that are loaded, by name. */
  trusts(domain: Domain): string[] {
    return this.#names(domain, 'bundle', (bundle) => bundle.map(({ facts }) => facts.subject));
  }

  #names(domain: Domain, holds: 'leaf' | 'bundle', names: (contents: Contents) => string[]): string[] {
    const found = [...this.holders.values()].flatMap((holder) =>
      slotsOf(holder.id)
        .filter((slot) => slots[slot].domain === domain && slots[slot].holds === holds)
        .flatMap((slot) => names(holder.inUse(slot))),
    );
    return [...new Set(found)].map((name) => name.replace('CN=', '')).sort();
  }

  /** What the files of a holder say, by name, e.g. `{ 'peer-leaf': ['ca2'] }`. */
  filesOf(id: HolderId): Partial<Record<Slot, string[]>> {
    return Object.fromEntries(
      [...this.holder(id).files].map(([slot, contents]) => [
        slot,
        contents.map(({ facts }) =>
          (slots[slot].holds === 'leaf' ? facts.issuer : facts.subject).replace('CN=', ''),
        ),
      ]),
    );
  }
}
