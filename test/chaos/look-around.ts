import { type Dial, shakeHands } from './handshakes.ts';
import { type LayoutOfHolders, type Paths, pathsIn, readTogether } from './holder-files.ts';

/** What one round of handshakes saw. */
export interface Seen {
  /** `who → whom: why`, with the time. */
  strangers: string[];
  incomplete: string[];
  accepted: number;
}

/** Everybody dials everybody with what lies on disk now, one after the other, each in a handshake of its own. */
export async function lookAround(layout: LayoutOfHolders): Promise<Seen> {
  const seen: Seen = { strangers: [], incomplete: [], accepted: 0 };
  const { clients, servers, peers } = pathsIn(layout);
  for (const server of servers) read(server, seen);
  for (const { name, address } of layout.members) {
    for (const paths of clients) await dial({ paths, whom: name, at: { host: address, port: 2379 } }, seen);
    for (const paths of peers.filter(({ node }) => node !== name)) {
      const from = layout.members.find((member) => member.name === paths.node)?.address ?? '';
      await dial({ paths, whom: `${name} peer`, at: { host: address, port: 2380, from } }, seen);
    }
  }
  return seen;
}

interface Dialled {
  paths: Paths;
  whom: string;
  at: Omit<Dial, 'files'>;
}

async function dial({ paths, whom, at }: Dialled, seen: Seen): Promise<void> {
  // Files may be swapped between their reading and the handshake, and etcd itself reads certificate and key one after the
  // other (facts: etcd, section 10). A stranger is refused again with what lies there then.
  for (let tries = 0; tries < 2; tries += 1) {
    const files = read(paths, seen);
    const handshake = files && (await shakeHands({ ...at, files }));
    if (handshake?.type === 'accepted') seen.accepted += 1;
    if (handshake?.type !== 'refused') return;
    if (tries > 0)
      seen.strangers.push(`${new Date().toISOString()} ${paths.who} → ${whom}: ${handshake.reason}`);
  }
}

function read(paths: Paths, seen: Seen): Dial['files'] | undefined {
  const found = readTogether(paths);
  if (found.ok) return found.files;
  seen.incomplete.push(`${new Date().toISOString()} ${found.fault}`);
  return undefined;
}
