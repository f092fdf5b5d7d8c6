import type { Command, CommandBody, CommandResult } from '@etcd-rotate/protocol';
import { expect, test } from 'vitest';
import { notAsAsked } from './as-asked.ts';

const life = { issuedAt: '2026-11-24T03:00:00.000Z', expiresAt: '2026-11-24T03:01:00.000Z' };
const change = { addNames: { dns: [], ip: [] }, dropNames: { dns: [], ip: [] } };
const of = {
  id: 'r1.s1.1.request',
  rotation: 'r1',
  step: 's1',
  fleet: 'lab',
  node: 'm1',
  holder: 'member/m1',
} as const;

test.each([
  ['as it was asked', ['server-leaf'], ['client'], undefined],
  ['a canary more', ['server-leaf'], ['client', 'peer'], 'a client canary, a peer canary, server-leaf'],
  [
    'one canary twice',
    ['server-leaf'],
    ['client', 'client'],
    'a client canary, a client canary, server-leaf',
  ],
  ['a leaf twice', ['server-leaf', 'server-leaf'], ['client'], 'a client canary, server-leaf, server-leaf'],
  ['another leaf', ['peer-leaf'], ['client'], 'a client canary, peer-leaf'],
  ['nothing', [], [], 'nothing'],
] as const)('wants every request that the node was asked for, once (%s)', (_name, slots, canaries, sent) => {
  const failure = notAsAsked({
    sent: [asking(['server-leaf'], ['client'])],
    results: [answer(slots, canaries)],
  });
  if (sent === undefined) expect(failure).toBeUndefined();
  else expect(failure).toMatchObject({ code: 'may-not-sign', message: expect.stringMatching(`${sent}$`) });
});

type Slots = readonly ('server-leaf' | 'peer-leaf')[];
type Domains = readonly ('client' | 'peer')[];

function asking(slots: Slots, canaries: Domains): Command {
  const leaves = slots.map((slot) => ({ slot, kind: 'ecdsa-p256' as const, change }));
  const body: CommandBody = { type: 'request', leaves, canaries: [...canaries] };
  return { v: 1, cluster: 'main', direction: 'forward', epoch: 1, ...of, ...life, body };
}

function answer(slots: Slots, canaries: Domains): CommandResult {
  const leaves = slots.map((slot) => ({ slot, csr: 'a request', proof: '' }));
  const value = {
    type: 'requested' as const,
    leaves,
    canaries: canaries.map((domain) => ({ domain, csr: 'one', proof: '' })),
  };
  return { v: 1, ...of, at: life.issuedAt, outcome: { ok: true, value } };
}
