import { foldersOf, holdersOf, leave, type Node } from '@etcd-rotate/host';
import { lockFolder } from '@etcd-rotate/journal';
import { type AgentFile, ok, type Result } from '@etcd-rotate/protocol';

/**
 * Under a running agent it is refused: what a restart would go back to is removed with the rest.
 *
 * @returns the folders whose files are plain again
 */
export async function leaveNode(file: AgentFile): Promise<Result<string[]>> {
  const lock = await lockFolder(file.state);
  if (!lock.ok) return lock;
  using _held = lock.value;
  const node: Pick<Node, 'holders'> = { holders: holdersOf(file) };
  const folders = new Map(
    node.holders.flatMap((holder) => foldersOf(node, holder)).map((one) => [one.path, one]),
  );
  for (const folder of folders.values()) {
    const left = await leave(folder);
    if (!left.ok) return left;
  }
  return ok([...folders.keys()]);
}
