import { createPrivateKey, X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Layout } from '@etcd-rotate/lab';

/** What a holder presents and whom it trusts, as it lies on disk at one moment. */
export interface MemberFiles {
  cert: string;
  key: string;
  ca: string;
}

export interface Paths {
  /** Such as `member/m1 peer`. */
  who: string;
  node: string;
  cert: string;
  key: string;
  ca: string;
}

export type LayoutOfHolders = Pick<Layout, 'members' | 'clients'>;

/** Every pair that is presented to somebody, with the bundle that its holder verifies with. */
export function pathsIn({ members, clients }: LayoutOfHolders): {
  clients: Paths[];
  servers: Paths[];
  peers: Paths[];
} {
  const of = (who: string, node: string, pair: { cert: string; key: string }, ca: string): Paths => ({
    who,
    node,
    cert: pair.cert,
    key: pair.key,
    ca,
  });
  return {
    clients: [
      ...members.map(({ name, agentClient }) => of(`agent-${name}`, name, agentClient, agentClient.ca)),
      ...clients.map(({ name, node, pair, ca }) => of(`client/${name}`, node, pair, ca)),
    ],
    servers: members.map(({ name, server, ca }) => of(`member/${name}`, name, server, ca)),
    peers: members.map(({ name, peer, peerCa }) => of(`member/${name} peer`, name, peer, peerCa)),
  };
}

export type Read = { ok: true; files: MemberFiles } | { ok: false; fault: string };

/**
 * Reads what lay there together: a second reading that finds the same shows that no swap came between the first reads.
 * Whatever is wrong with that was wrong on disk.
 */
export function readTogether({ who, ...paths }: Paths): Read {
  for (;;) {
    const [once, twice] = [readOnce(paths), readOnce(paths)];
    if (JSON.stringify(once) !== JSON.stringify(twice)) continue;
    if (typeof once === 'string') return { ok: false, fault: `${who}: ${once}` };
    try {
      if (new X509Certificate(once.cert).checkPrivateKey(createPrivateKey(once.key)))
        return new X509Certificate(once.ca) && { ok: true, files: once };
      return { ok: false, fault: `${who}: the key of ${paths.cert} is not that of its certificate` };
    } catch (error) {
      return { ok: false, fault: `${who}: ${paths.cert} or ${paths.ca} cannot be used: ${String(error)}` };
    }
  }
}

function readOnce({ cert, key, ca }: { cert: string; key: string; ca: string }): MemberFiles | string {
  try {
    return { cert: readFileSync(cert, 'utf8'), key: readFileSync(key, 'utf8'), ca: readFileSync(ca, 'utf8') };
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
