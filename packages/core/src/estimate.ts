import type { Estimate, HolderObservation, KnownCertificate, Plan, Step } from '@etcd-rotate/protocol';

/** Medians of what the parts of a member's restart took, in milliseconds. */
export interface Times {
  /** Looking, handing over and installing, before the restart. */
  before: number;
  restart: number;
  serve: number;
  /** From the answer of the member's node to the last proof of the others. */
  gate: number;
}

/** Of a small cluster on one machine (facts: etcd, section 12). */
const typical: Times = { before: 150, restart: 1100, serve: 200, gate: 300 };

/** Parts that do not depend on etcd, in milliseconds. */
const parts = { preparing: 1000, clientRestart: 2000, clientReload: 300, agent: 100, swap: 200 };

const defaultElectionMs = 1000;

interface Known {
  times: Times | undefined;
  members: readonly HolderObservation[];
  /** CAs that the coordinator holds the keys of. */
  held: readonly KnownCertificate[];
}

/** What a plan costs: restarts and moves are counted in its steps, seconds are guessed. */
export function estimateOf(
  plan: Pick<Plan, 'direction' | 'steps' | 'domains' | 'policy'>,
  known: Known,
): Estimate {
  const changes = changesIn(plan.steps);
  const ofMembers = changes.filter(({ isMember }) => isMember);
  const ofClients = changes.filter(({ isMember }) => !isMember);
  // The CA that a way back ends on was there all the time.
  const isOut = plan.direction === 'forward';
  const refusesFrom = isOut ? firstThatRefuses(plan) : undefined;
  const pointOfNoReturn = isOut ? lastWithWayBack(plan, known.held) : undefined;
  return {
    etcdRestarts: ofMembers.filter(({ taken }) => taken === 'restart').length,
    clientRestarts: ofClients.filter(({ taken }) => taken === 'restart').length,
    clientReloads: ofClients.filter(({ taken }) => taken === 'reload').length,
    leaderMoves: changes.filter(({ handOverTo }) => handOverTo !== undefined).length,
    seconds: Math.ceil(millisecondsOf(plan, changes, known) / 1000),
    basis: known.times ? 'measured' : 'typical',
    ...(refusesFrom === undefined ? {} : { refusesFrom }),
    ...(pointOfNoReturn === undefined ? {} : { pointOfNoReturn }),
  };
}

type Change = Extract<Step['action'], { type: 'change' }> & { isMember: boolean; group: number };

function changesIn(steps: readonly Step[]): Change[] {
  return steps.flatMap(({ holder, group, action }) =>
    action.type === 'change' ? [{ ...action, group, isMember: holder.startsWith('member/') }] : [],
  );
}

function millisecondsOf(
  { policy }: Pick<Plan, 'policy'>,
  changes: readonly Change[],
  { times, members }: Known,
): number {
  const { before, restart, serve, gate } = times ?? typical;
  // The only member has to elect itself: it waits for one to two election timeouts (facts: etcd, section 6).
  const election = members.length === 1 ? 1.5 * electionMsOf(members) : 0;
  const beside = new Set(changes.filter(({ isMember }) => isMember).map(({ group }) => group));
  const one = (change: Change): number => {
    if (!change.isMember) return ofClient(change, beside);
    const itself = change.taken === 'restart' ? before + restart + serve + election : parts.swap;
    return itself + gate + policy.settle;
  };
  return changes.reduce((sum, change) => sum + one(change), parts.preparing);
}

/** @param beside groups in which a member changes: an agent that changes beside it takes no time of its own */
function ofClient({ taken, group }: Change, beside: ReadonlySet<number>): number {
  switch (taken) {
    case 'restart':
      return parts.clientRestart;
    case 'reload':
      return parts.clientReload;
    case 'by-itself':
      return beside.has(group) ? 0 : parts.agent;
  }
}

function electionMsOf(members: readonly HolderObservation[]): number {
  return Math.max(...members.map(({ flags }) => Number(flags?.['election-timeout']) || defaultElectionMs));
}

/** From here somebody refuses what was accepted before: whoever was forgotten in the fleet file is locked out. */
function firstThatRefuses({ steps }: Pick<Plan, 'steps'>): string | undefined {
  return steps.find(({ stage, action }) => stage === 'retire' && action.type === 'change')?.id;
}

/**
 * Until a rotation ends, its nodes keep the leaves from before, and they can be put back. Afterwards a way back is another
 * rotation, for which the key of the old CA is needed.
 */
function lastWithWayBack(
  { steps, domains }: Pick<Plan, 'steps' | 'domains'>,
  held: readonly KnownCertificate[],
): string | undefined {
  const heldPrints = new Set(held.map(({ facts }) => facts.fingerprint));
  const old = Object.values(domains).flatMap((domain) => domain.old);
  if (old.every(({ facts }) => heldPrints.has(facts.fingerprint))) return undefined;
  return steps.findLast(({ action }) => action.type === 'change')?.id;
}
