import { type Command, ok } from '@etcd-rotate/protocol';
import { describe, expect, test } from 'vitest';
import { type Envelope, encode } from './codec.ts';
import { contentsOf } from './contents-of.ts';
import { aCommand, at3, fleet } from './messages.fixture.ts';
import { createSigningKey } from './signing.ts';
import { mayObey, type Taker, takeCommand } from './take-command.ts';

const coordinator = createSigningKey();

/** Node n1, which has seen epoch 5 and counts what it stores. */
function aTaker(said: Partial<Taker> = {}): Taker & { stored: number[] } {
  const stored = [5];
  const epoch = {
    current: () => stored.at(-1) ?? 0,
    async raise(number: number) {
      stored.push(number);
      return ok(undefined);
    },
  };
  const known = (): undefined => undefined;
  return {
    fleet,
    node: 'n1',
    coordinatorKey: () => coordinator.publicKey,
    now: at3,
    epoch,
    known,
    stored,
    ...said,
  };
}

function sent(command: Command): Envelope {
  const encoded = encode('command', command, coordinator.privateKey);
  if (encoded.ok) return encoded.value;
  throw new Error(encoded.failure.message);
}

describe('a command', () => {
  test('for us, now, from the coordinator that leads, is taken', async () => {
    const command = aCommand({ epoch: 5 });
    expect(await takeCommand(sent(command), aTaker())).toEqual({ ok: true, value: command });
  });

  test.each([
    ['for another node', aCommand({ epoch: 5, node: 'n2' }), 'not-for-us'],
    ['for another fleet', aCommand({ epoch: 5, fleet: 'other' }), 'not-for-us'],
    ['that has expired', aCommand({ epoch: 5, expiresAt: '2026-11-24T02:59:59.999Z' }), 'too-late'],
    ['of an older epoch', aCommand({ epoch: 4 }), 'old-epoch'],
  ])('%s is refused by name, and no epoch is stored', async (_what, command, code) => {
    const taker = aTaker();
    expect(await takeCommand(sent(command), taker)).toMatchObject({ ok: false, failure: { code } });
    expect(taker.stored).toEqual([5]);
  });

  test('of a newer epoch is taken after the epoch is stored; the older coordinator is refused from then on', async () => {
    const taker = aTaker();
    expect((await takeCommand(sent(aCommand({ epoch: 6 })), taker)).ok).toBe(true);
    expect(taker.stored).toEqual([5, 6]);
    expect(await takeCommand(sent(aCommand({ epoch: 5 })), taker)).toMatchObject({
      failure: { code: 'old-epoch' },
    });
  });

  test('that only looks stores no epoch', async () => {
    const taker = aTaker();
    expect((await takeCommand(sent(aCommand({ epoch: 9, body: { type: 'observe' } })), taker)).ok).toBe(true);
    expect(taker.stored).toEqual([5]);
  });

  test('of an older epoch that only looks is taken: a coordinator learns from it which epoch to lead under', async () => {
    const taker = aTaker();
    const look = aCommand({ epoch: 4, body: { type: 'observe' } });
    expect((await takeCommand(sent(look), taker)).ok).toBe(true);
    expect(mayObey(look, taker).ok).toBe(true);
    expect(taker.epoch.current()).toBe(5);
  });

  test('is refused when its epoch cannot be stored', async () => {
    const failed = {
      ok: false as const,
      failure: { code: 'internal' as const, message: 'disk full', hint: '', retryable: true },
    };
    const taker = aTaker({ epoch: { current: () => 5, raise: async () => failed } });
    expect(await takeCommand(sent(aCommand({ epoch: 6 })), taker)).toEqual(failed);
  });

  test('that is known is taken again, whenever it was sent, and refused when it says something else', async () => {
    const taker = aTaker({
      known: () => contentsOf(aCommand({ epoch: 3, issuedAt: '2026-11-24T02:00:00.000Z' })),
    });
    expect((await takeCommand(sent(aCommand({ epoch: 5 })), taker)).ok).toBe(true);
    const other = aCommand({ epoch: 5, body: { type: 'prepare', keys: [] } });
    expect(await takeCommand(sent(other), taker)).toMatchObject({ failure: { code: 'id-reused' } });
  });

  test('that waited for its turn is not obeyed when it has expired or another leads by then', () => {
    const later = new Date('2026-11-24T03:02:00.000Z');
    expect(mayObey(aCommand({ epoch: 5 }), aTaker()).ok).toBe(true);
    expect(mayObey(aCommand({ epoch: 5 }), aTaker({ now: () => later }))).toMatchObject({
      failure: { code: 'too-late' },
    });
    expect(mayObey(aCommand({ epoch: 4 }), aTaker())).toMatchObject({ failure: { code: 'old-epoch' } });
  });
});
