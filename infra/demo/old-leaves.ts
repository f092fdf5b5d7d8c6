// Whether leaves of the first CAs still open a port: tried by the demo itself, with leaves that it kept, on every port
// of every member.

import type { Lab, PortName, Verdict } from '@etcd-rotate/lab';
import { table } from './table.ts';

export interface OldLeafTried {
  member: string;
  port: PortName;
  verdict: Verdict;
}

export async function tryOldLeaves(lab: Lab): Promise<OldLeafTried[]> {
  const tried = lab.layout.members.flatMap(({ name, address }) => {
    const peer = lab.kept.peer[name];
    if (!peer) throw new Error(`no peer leaf of ${name} was kept`);
    return [
      lab.accepts({ member: name, port: 'client' }, lab.kept.client).then(as(name, 'client')),
      // From the member's own address: a peer port looks for the address of whoever dials in the leaf.
      lab.accepts({ member: name, port: 'peer', from: address }, peer).then(as(name, 'peer')),
    ];
  });
  return Promise.all(tried);
}

function as(member: string, port: PortName): (verdict: Verdict) => OldLeafTried {
  return (verdict) => ({ member, port, verdict });
}

export function allAre(wanted: Verdict['verdict'], tried: OldLeafTried[]): boolean {
  return tried.every(({ verdict }) => verdict.verdict === wanted);
}

export function oldLeafTable(before: OldLeafTried[], after: OldLeafTried[]): string {
  const rows = before.map(({ member, port, verdict }, index) => {
    const now = after[index]?.verdict;
    return [member, port, say(verdict), now ? say(now) : ''];
  });
  return table([['member', 'port', 'before', 'after'], ...rows]);
}

function say(verdict: Verdict): string {
  switch (verdict.verdict) {
    case 'accepted':
      return 'accepted';
    case 'refused':
      return `refused (${verdict.alert})`;
    case 'unclear':
      return `unclear (${verdict.reason})`;
  }
}
