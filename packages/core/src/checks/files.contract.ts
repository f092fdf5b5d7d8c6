import type { HolderObservation, Slot } from '@etcd-rotate/protocol';
import { aCa, aClient, aCluster, aMember, aRequest } from '@etcd-rotate/testing';
import { type Cases, inputOf, seenWith } from './cases.contract.ts';
import type { CheckInput } from './check.ts';

const file = 'f00d'.repeat(4);
/** These slots of a holder are one file. */
const inOne =
  (...slots: Slot[]) =>
  (seen: HolderObservation): HolderObservation => ({
    ...seen,
    slots: Object.fromEntries(
      Object.entries(seen.slots).map(([slot, there]) => [
        slot,
        slots.some((one) => one === slot) ? { ...there, file } : there,
      ]),
    ),
  });
const together = aCluster(
  'a',
  aMember('b'),
  'c',
  aClient('x', { node: 'node-b' }),
  aClient('y', { node: 'node-b' }),
);
const seen = (changes: Parameters<typeof seenWith>[0], wish: Partial<CheckInput> = {}) =>
  inputOf(together, { observations: seenWith(changes, together), ...wish });
const held = new Map([
  ['one', aCa('ca2').known],
  ['two', aCa('ca3').known],
]);
const bundles = { 'member/b': inOne('client-bundle', 'peer-bundle') } as const;
const leaves = { 'member/b': inOne('server-leaf', 'peer-leaf') } as const;

export const fileCases: Cases = {
  sharedFilesGoTogether: [
    {
      what: 'one bundle for both ports, where one domain is rotated',
      input: seen(bundles, { request: aRequest({ domains: ['peer'] }) }),
      says: [
        'shared-file: on node-b one file is the client-bundle of member/b and the peer-bundle of member/b: it would change for domain peer and not for domain client',
      ],
    },
    {
      what: 'one leaf for both ports, where they shall end on two CAs',
      input: seen(leaves, { held, request: aRequest({ targets: { client: 'one', peer: 'two' } }) }),
      says: [
        'shared-file: on node-b one file is the server-leaf of member/b and the peer-leaf of member/b: one leaf cannot be of two CAs (one for clients, two for peers)',
      ],
    },
    {
      what: 'one leaf for both ports, where one domain is renewed',
      input: seen(leaves, { request: aRequest({ domains: ['client'], strategy: 'renew' }) }),
      says: [
        'shared-file: on node-b one file is the server-leaf of member/b and the peer-leaf of member/b: it would change for domain client and not for domain peer',
      ],
    },
    {
      what: 'a file of a member and a client',
      input: seen({ 'member/b': inOne('client-bundle'), 'client/x': inOne('server-bundle') }),
      says: [
        'shared-file: on node-b one file is the client-bundle of member/b and the server-bundle of client/x: a member and another process would have to take it up at one moment',
      ],
    },
    {
      what: 'a leaf and a bundle in one file',
      input: seen({ 'client/x': inOne('client-leaf', 'server-bundle') }),
      says: [
        'shared-file: on node-b one file is the client-leaf of client/x and the server-bundle of client/x: a leaf and a bundle in one file would be replaced by each other',
      ],
    },
    { what: 'one bundle for both ports, where both domains are rotated', input: seen(bundles), says: [] },
    {
      what: 'one bundle for both ports, where one domain is renewed: bundles stay',
      input: seen(bundles, { request: aRequest({ domains: ['peer'], strategy: 'renew' }) }),
      says: [],
    },
    {
      what: 'one leaf for both ports, where both end on one CA',
      input: seen(leaves, { held, request: aRequest({ targets: { client: 'one', peer: 'one' } }) }),
      says: [],
    },
    {
      what: 'files of two clients',
      input: seen({ 'client/x': inOne('server-bundle'), 'client/y': inOne('server-bundle') }),
      says: [],
    },
    {
      what: 'files of two nodes that have the same word',
      input: seen({ 'member/a': inOne('client-bundle'), 'member/b': inOne('client-bundle') }),
      says: [],
    },
  ],
};
