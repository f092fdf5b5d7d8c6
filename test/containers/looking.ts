import { presented, tryLeaf } from '@etcd-rotate/lab';
import type { Nodes } from '@etcd-rotate/nodes';

/** Who issued what each member presents: its client port, then its peer port. */
export async function issuersOf({ members }: Nodes): Promise<string[]> {
  const each = await Promise.all(
    members.map(async (member) => {
      const host = await member.address();
      return Promise.all([2379, 2380].map((port) => presented({ host, port })));
    }),
  );
  return each.flat().map(({ issuer }) => issuer);
}

/** Whether the client port of each member lets in a leaf of the first CA. */
export async function acceptsKept({ members, kept }: Nodes): Promise<string[]> {
  return Promise.all(
    members.map(async (member) => {
      const verdict = await tryLeaf({ host: await member.address(), port: 2379 }, kept);
      return verdict.verdict;
    }),
  );
}

/** Both bundles of every member, as they lie on disk. */
export async function bundlesOf({ members }: Nodes): Promise<string[]> {
  const files = ['/etc/etcd/pki/ca.pem', '/etc/etcd/pki/peer-ca.pem'];
  return Promise.all(members.flatMap((member) => files.map((file) => member.read(file))));
}
