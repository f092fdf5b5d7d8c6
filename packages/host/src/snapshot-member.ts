import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openMember } from '@etcd-rotate/etcd';
import { type Command, fail, ok, type Result, type ResultValue } from '@etcd-rotate/protocol';
import { accessOf } from './access.ts';
import { memberOn, type Node } from './node.ts';

/** A snapshot of the data, through the agent's own client, kept beside the copies of the files. */
export async function snapshotMember(
  { cluster, rotation, direction }: Command,
  node: Node,
): Promise<Result<ResultValue>> {
  const here = memberOn(node, cluster);
  if (!here)
    return fail('unknown-holder', `${node.name} has no member of ${cluster}`, 'correct the fleet file');
  const folder = node.state.rotationFolder(rotation, direction);
  const access = await accessOf(here.agent);
  if (!access.ok) return access;
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
  } catch (error) {
    return fail('snapshot-failed', `${folder}: ${String(error)}`, 'see that the state folder has room');
  }
  await using member = openMember({
    endpoint: here.member.endpoint,
    ...access.value,
    deadlineMs: 5000,
  });
  const taken = await member.snapshot(join(folder, 'snapshot.db'));
  return taken.ok ? ok({ type: 'snapshot-taken', ...taken.value }) : taken;
}
