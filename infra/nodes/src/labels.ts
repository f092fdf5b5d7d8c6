/** On every container and network of ours: whose they are, by the id of the process that made them. */
export const ownerLabel = 'etcd-rotate.test';

export function labels(): Record<string, string> {
  return { [ownerLabel]: String(process.pid) };
}
