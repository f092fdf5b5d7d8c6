import type { Plan, PlannedFrom } from '@etcd-rotate/protocol';

/** In words: why a plan made now is not the one that was agreed to. */
export function planDifference(agreed: Plan | undefined, now: Plan): string {
  if (!agreed) return 'the plan that was agreed to is not known any more';
  const [was, is] = [agreed.plannedFrom, now.plannedFrom];
  const differences: string[] = [];
  if (was.leader !== is.leader) differences.push(`the leader was ${was.leader} and is ${is.leader}`);
  if (differ(was.members.map(withoutUrls), is.members.map(withoutUrls))) {
    differences.push('the members or their versions are others');
  }
  differences.push(...peerUrlChanges(was, is));
  const certificates = keysThatDiffer(was.slots, is.slots);
  if (certificates.length > 0) differences.push(`certificates differ: ${certificates.join(', ')}`);
  if (differ([agreed.policy, agreed.profile], [now.policy, now.profile])) {
    differences.push('the policy or the profile of the fleet file was changed');
  }
  const leaves = keysThatDiffer(agreed.leafChanges, now.leafChanges);
  if (leaves.length > 0) {
    differences.push(`the fleet file wants other names or another common name: ${leaves.join(', ')}`);
  }
  if (agreed.plannedFrom.circumstances !== now.plannedFrom.circumstances) {
    differences.push('flags, endpoints, source addresses or how holders take their files are others');
  }
  return differences.join('; ') || 'the steps differ';
}

type Member = PlannedFrom['members'][number];

function withoutUrls({ holder, id, version }: Member): Omit<Member, 'peerUrls'> {
  return { holder, id, version };
}

function peerUrlChanges(was: PlannedFrom, is: PlannedFrom): string[] {
  return is.members.flatMap(({ holder, id, peerUrls }) => {
    const before = was.members.find((member) => member.id === id)?.peerUrls;
    if (!before || !differ(before, peerUrls)) return [];
    return [`the peer URLs of ${holder} were ${before.join(',')} and are ${peerUrls.join(',')}`];
  });
}

function keysThatDiffer(was: Record<string, unknown>, is: Record<string, unknown>): string[] {
  const keys = new Set([...Object.keys(was), ...Object.keys(is)]);
  return [...keys].filter((key) => differ(was[key], is[key]));
}

function differ(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) !== JSON.stringify(b);
}
