// What every port of every member presents, by the fingerprint of the leaf.

import type { Lab } from '@etcd-rotate/lab';

/** Fingerprints by member and port, such as `a client`. */
export async function servedLeaves(lab: Lab): Promise<Map<string, string>> {
  const seen = await lab.presents();
  return new Map(seen.map(({ member, port, fingerprint }) => [`${member} ${port}`, fingerprint]));
}

/** Every port presents another leaf than before. */
export function areAllReplaced(before: Map<string, string>, after: Map<string, string>): boolean {
  return [...before].every(([port, fingerprint]) => after.has(port) && after.get(port) !== fingerprint);
}
