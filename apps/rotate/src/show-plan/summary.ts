import type { Estimate, Plan, ProofLine } from '@etcd-rotate/protocol';
import { about, counted } from './words.ts';

/** What it costs, what is looked at, and what the proof is, where there is one to show. */
export function summary(plan: Plan, proof?: readonly ProofLine[]): string[] {
  const { estimate, policy } = plan;
  return [
    `${costs(estimate, plan)}, ${about(estimate.seconds)} (${basis[estimate.basis]})`,
    `after each member every node looks at every other one; snapshot ${policy.snapshot}, settle ${policy.settle / 1000} s`,
    ...(policy.approvals === 2 ? ['nothing is done before a second operator approves it'] : []),
    ...(plan.direction === 'forward' ? [refuses(plan), ...wayBack(plan)] : []),
    ...(proof ? proven(plan, proof) : []),
  ];
}

function proven({ policy }: Plan, proof: readonly ProofLine[]): string[] {
  const handshakes = proof.reduce((sum, line) => sum + line.handshakes, 0);
  return [
    `proof: ${handshakes} handshakes decided with throw-away certificates of the same profile, by the rules of Go, OpenSSL and`,
    `       etcd, valid now and for ${Math.round(policy.horizon / 60_000)} minutes: for every step, with each file replaced or not yet and each process`,
    '       restarted or not, nobody refuses anybody',
  ];
}

/** Of fewer than three members none can be away without the others losing their majority, or nobody is left. */
export function costs(
  { etcdRestarts, clientRestarts, clientReloads, leaderMoves }: Estimate,
  { plannedFrom: { members } }: Pick<Plan, 'plannedFrom'>,
): string {
  const how = members.length < 3 ? 'each of them an outage' : 'one member at a time';
  return [
    etcdRestarts === 0 ? 'no restart of etcd' : `${counted(etcdRestarts, 'restart')} of etcd, ${how}`,
    clientRestarts > 0 ? `${counted(clientRestarts, 'restart')} of clients` : '',
    clientReloads > 0 ? `${counted(clientReloads, 'reload')} of clients` : '',
    leaderMoves > 0 ? counted(leaderMoves, 'leader move') : '',
  ]
    .filter(Boolean)
    .join(', ');
}

const basis = {
  measured: 'by what steps took here before',
  typical: 'by typical figures: none were measured here yet',
} as const satisfies Record<Estimate['basis'], string>;

/** From where somebody who was forgotten would be locked out. */
function refuses({ estimate: { refusesFrom }, policy }: Plan): string {
  if (refusesFrom === undefined) return 'no CA leaves: what was accepted before is accepted afterwards';
  return `from ${refusesFrom} on leaves of the old CA are refused; ${holds(policy)}`;
}

function holds({ approvals, confirmRetire }: Plan['policy']): string {
  if (approvals === 2) return 'it holds before that step, until a second operator approves that, too';
  return confirmRetire
    ? 'it holds before that step, and goes on with `rotate resume`'
    : 'with --confirm-retire it holds before that step';
}

function wayBack({ estimate: { pointOfNoReturn }, domains }: Plan): string[] {
  const until = '`rotate hold`, then `rotate rollback`, puts the kept leaves back';
  if (Object.values(domains).every(({ old }) => old.length === 0)) {
    return [`there is a way back from every step until the end: ${until}`];
  }
  return pointOfNoReturn === undefined
    ? [
        `there is a way back from every step: until the end ${until};`,
        'afterwards the CAs that leave, which are held here, can sign again',
      ]
    : [
        `point of no return: ${pointOfNoReturn}, the last step; until it is done ${until};`,
        'afterwards nobody can sign by a CA that left: not every key of them is held here',
      ];
}
