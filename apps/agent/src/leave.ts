import { foldersOf, holdersOf, leave, type Node } from '@etcd-rotate/host';
import { type AgentFile, ok, type Result } from '@etcd-rotate/protocol';

/** @returns the folders whose files are plain again */
export async function leaveNode(file: AgentFile): Promise<Result<string[]>> {
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
