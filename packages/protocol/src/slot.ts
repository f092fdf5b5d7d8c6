import { z } from 'zod';
import type { Usage } from './certificate.ts';
import { Name } from './name.ts';

/** Who verifies whom: clients and the client ports, or members among themselves. */
export const Domain = z.enum(['client', 'peer']);
export type Domain = z.infer<typeof Domain>;

/** A process that holds TLS material for etcd: `member/m1` or `client/backup`. */
export const HolderId = z.templateLiteral([z.enum(['member', 'client']), '/', Name]);
export type HolderId = z.infer<typeof HolderId>;

export const MemberSlot = z.enum(['server-leaf', 'client-bundle', 'peer-leaf', 'peer-bundle']);
export type MemberSlot = z.infer<typeof MemberSlot>;

export const ClientSlot = z.enum(['client-leaf', 'server-bundle']);
export type ClientSlot = z.infer<typeof ClientSlot>;

/** One place a holder holds a leaf or a bundle; a bundle is called by those it verifies. */
export const Slot = z.enum([...MemberSlot.options, ...ClientSlot.options]);
export type Slot = z.infer<typeof Slot>;

interface SlotKind {
  holds: 'leaf' | 'bundle';
  domain: Domain;
  /** Extended key usages that a leaf of this slot needs (facts: etcd, section 3). */
  usages: Usage[];
  /** The etcd flag or the client's word for it, for messages. */
  flag: string;
}

export const slots: Record<Slot, SlotKind> = {
  'server-leaf': {
    holds: 'leaf',
    domain: 'client',
    usages: ['serverAuth', 'clientAuth'],
    flag: '--cert-file',
  },
  'client-bundle': { holds: 'bundle', domain: 'client', usages: [], flag: '--trusted-ca-file' },
  'peer-leaf': {
    holds: 'leaf',
    domain: 'peer',
    usages: ['serverAuth', 'clientAuth'],
    flag: '--peer-cert-file',
  },
  'peer-bundle': { holds: 'bundle', domain: 'peer', usages: [], flag: '--peer-trusted-ca-file' },
  'client-leaf': { holds: 'leaf', domain: 'client', usages: ['clientAuth'], flag: 'cert' },
  'server-bundle': { holds: 'bundle', domain: 'client', usages: [], flag: 'ca' },
};

export const memberSlots = MemberSlot.options;
export const clientSlots = ClientSlot.options;

export function slotsOf(holder: HolderId): readonly Slot[] {
  return holder.startsWith('member/') ? memberSlots : clientSlots;
}

export function holderName(holder: HolderId): string {
  return holder.slice(holder.indexOf('/') + 1);
}

/** The agent's own etcd client is a client holder like any other; this is its name on a node. */
export function agentClient(node: string): HolderId {
  return `client/agent-${node}`;
}
