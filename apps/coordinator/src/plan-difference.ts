import type { Plan } from '@etcd-rotate/protocol';

/** In words: why a plan made now is not the one that was agreed to. */
export function planDifference(agreed: Plan | undefined, now: Plan): string {
  if (!agreed) return 'the plan that was agreed to is not known any more';
  const differences: string[] = [];
  if (agreed.plannedFrom.leader !== now.plannedFrom.leader) {
    differences.push(`the leader was ${agreed.plannedFrom.leader} and is ${now.plannedFrom.leader}`);
  }
  if (JSON.stringify(agreed.plannedFrom.members) !== JSON.stringify(now.plannedFrom.members)) {
    differences.push('the members or their versions are others');
  }
  const slots = new Set([...Object.keys(agreed.plannedFrom.slots), ...Object.keys(now.plannedFrom.slots)]);
  const changed = [...slots].filter(
    (slot) => agreed.plannedFrom.slots[slot]?.join() !== now.plannedFrom.slots[slot]?.join(),
  );
  if (changed.length > 0) differences.push(`certificates differ: ${changed.join(', ')}`);
  if (JSON.stringify([agreed.policy, agreed.profile]) !== JSON.stringify([now.policy, now.profile])) {
    differences.push('the policy or the profile of the fleet file was changed');
  }
  return differences.join('; ') || 'the steps differ';
}
