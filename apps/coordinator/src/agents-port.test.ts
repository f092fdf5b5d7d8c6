import type { Agents } from '@etcd-rotate/bus';
import { type Command, fail } from '@etcd-rotate/protocol';
import { afterEach, expect, test, vi } from 'vitest';
import { AgentsPort } from './agents-port.ts';

afterEach(() => vi.useRealTimers());

test('a look at a node that cannot be asked leaves nothing to wait for', async () => {
  vi.useFakeTimers();
  const away = fail('node-away', 'the agent on node m1 is not connected', 'start it');
  const agents: Agents = {
    send: async () => away,
    onResult: () => () => undefined,
    ready: async () => ({ ok: true, value: undefined }),
    [Symbol.dispose]: () => undefined,
  };
  expect(await new AgentsPort(agents).observe(look)).toEqual(away);
  expect(vi.getTimerCount()).toBe(0);
});

const look: Command = {
  ...{
    v: 1,
    id: 'look.1',
    fleet: 'lab',
    cluster: 'demo',
    rotation: 'none',
    direction: 'forward',
    step: 'observe',
  },
  ...{ node: 'm1', holder: 'member/m1', epoch: 1 },
  ...{ issuedAt: '2026-06-01T12:00:00.000Z', expiresAt: '2026-06-01T12:00:30.000Z' },
  body: { type: 'observe' },
};
