import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { HolderId, Slot } from '@etcd-rotate/protocol';
import { agentClient } from '@etcd-rotate/protocol';
import type { Layout } from './layout.ts';
import { commonName } from './probe.ts';

export interface SlotFile {
  node: string;
  holder: HolderId;
  slot: Slot;
  /** Of the certificate or bundle. */
  file: string;
  /** Of a leaf. */
  key?: string;
  certificates: FoundCertificate[];
}

export interface FoundCertificate {
  subject: string;
  issuer: string;
  expires: Date;
  fingerprint: string;
}

/** Every slot of every holder, with what its file holds now. */
export function slotFiles({ members, clients }: Layout): SlotFile[] {
  const found: SlotFile[] = [];
  const add = (at: Omit<SlotFile, 'certificates'>): void => {
    found.push({ ...at, certificates: certificatesIn(at.file) });
  };
  for (const { name: node, server, ca, peer, peerCa, agentClient: own } of members) {
    const holder: HolderId = `member/${node}`;
    add({ node, holder, slot: 'server-leaf', file: server.cert, key: server.key });
    add({ node, holder, slot: 'client-bundle', file: ca });
    add({ node, holder, slot: 'peer-leaf', file: peer.cert, key: peer.key });
    add({ node, holder, slot: 'peer-bundle', file: peerCa });
    const agent = agentClient(node);
    add({ node, holder: agent, slot: 'client-leaf', file: own.cert, key: own.key });
    add({ node, holder: agent, slot: 'server-bundle', file: own.ca });
  }
  for (const { name, node, pair, ca } of clients) {
    const holder: HolderId = `client/${name}`;
    add({ node, holder, slot: 'client-leaf', file: pair.cert, key: pair.key });
    add({ node, holder, slot: 'server-bundle', file: ca });
  }
  return found;
}

export function certificatesIn(file: string): FoundCertificate[] {
  const blocks = readFileSync(file, 'utf8').match(
    /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g,
  );
  return (blocks ?? []).map((pem) => {
    const { subject, issuer, validToDate, fingerprint256 } = new X509Certificate(pem);
    return {
      subject: commonName(subject),
      issuer: commonName(issuer),
      expires: validToDate,
      fingerprint: fingerprint256.replaceAll(':', '').toLowerCase(),
    };
  });
}
