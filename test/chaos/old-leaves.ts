import type { Lab } from '@etcd-rotate/lab';
import type { Outcome } from '@etcd-rotate/protocol';

/** Ports that let a leaf from before the rotation in where they must not, or the other way round. */
export async function oldLeavesNotAs(lab: Lab, outcome: Outcome): Promise<string[]> {
  const wanted = outcome === 'rotated' ? 'refused' : 'accepted';
  const wrong: string[] = [];
  for (const { name, address } of lab.layout.members) {
    const peer = lab.kept.peer[name];
    if (!peer) throw new Error(`no first peer leaf of ${name}`);
    const client = await lab.accepts({ member: name, port: 'client' }, lab.kept.client);
    const own = await lab.accepts({ member: name, port: 'peer', from: address }, peer);
    if (client.verdict !== wanted)
      wrong.push(`${name}: an old client leaf is ${client.verdict}, not ${wanted}`);
    if (own.verdict !== wanted) wrong.push(`${name}: its old peer leaf is ${own.verdict}, not ${wanted}`);
  }
  return wrong;
}
