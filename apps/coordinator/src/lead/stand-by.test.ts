import { type Failure, fail, ok, type Result } from '@etcd-rotate/protocol';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import type { Lease, Taken } from './lease.ts';
import { type StandByParts, standBy } from './stand-by.ts';

test('leads when nobody else does, and stands by again when the lead is lost', async () => {
  const { parts, seen, leases } = aPlace();
  await using _standing = standBy(parts);
  await until(() => seen.includes('leads'));
  leases[0]?.lose();
  await until(() => seen.filter((what) => what === 'leads').length === 2);
  expect(seen.slice(0, 4)).toEqual(['leads', 'ended', 'released', 'leads']);
});

test('gives the lead back where it cannot lead, so that another one may', async () => {
  const broken = fail('journal-broken', 'line 3', 'restore it');
  const { parts, seen } = aPlace({ lead: async () => broken });
  await using _standing = standBy(parts);
  await until(() => seen.includes('released'));
  expect(seen).not.toContain('leads');
});

test('never asks for the lead while it may not have it, and says why once', async () => {
  const differs = fail('standby-differs', 'the fleet file is not the same', 'bring it here');
  const { parts, seen, said, states } = aPlace({ mayLead: async () => differs });
  {
    await using _standing = standBy(parts);
    await until(() => states.length > 3);
  }
  expect(seen).toEqual([]);
  expect(states.every((state) => state?.code === 'standby-differs')).toBe(true);
  expect(said.filter((line) => line.includes('will not take the lead'))).toHaveLength(1);
});

test('looks again right before it leads, and gives back what it may not have', async () => {
  let looks = 0;
  const differs = fail('standby-differs', 'the fleet file is not the same', 'bring it here');
  const mayLead = async () => (++looks === 1 ? ok(undefined) : differs);
  const { parts, seen } = aPlace({ mayLead });
  await using _standing = standBy(parts);
  await until(() => seen.includes('released'));
  expect(seen).toEqual(['released']);
});

test('gives the lead up where the journal cannot be written, and may lead again', async () => {
  const { parts, seen, fatals } = aPlace();
  await using _standing = standBy(parts);
  await until(() => seen.includes('leads'));
  fatals[0]?.(fail('not-leading', 'another coordinator has written', 'look').failure);
  await until(() => seen.filter((what) => what === 'leads').length === 2);
  expect(seen.slice(0, 3)).toEqual(['leads', 'ended', 'released']);
});

test('that is ended while it leads closes what it has open, then gives the lead up', async () => {
  const { parts, seen } = aPlace();
  {
    await using _standing = standBy(parts);
    await until(() => seen.includes('leads'));
  }
  expect(seen).toEqual(['leads', 'ended', 'released']);
});

/** Where one that stands by gets the lead whenever it asks. */
function aPlace(other: Partial<StandByParts> = {}) {
  const seen: string[] = [];
  const said: string[] = [];
  const states: (Failure | undefined)[] = [];
  const leases: { lose(): void }[] = [];
  const fatals: ((failure: Failure) => void)[] = [];
  const takeLease = async (): Promise<Result<Taken>> => {
    const lost = new AbortController();
    leases.push({ lose: () => lost.abort('it could not be renewed') });
    const lease: Lease = {
      since: '2026-11-24T03:00:00.000Z',
      holds: () => !lost.signal.aborted,
      lost: lost.signal,
      async release() {
        if (!seen.at(-1)?.startsWith('released')) seen.push('released');
        lost.abort('it was given up');
      },
    };
    return ok({ lease });
  };
  const parts: StandByParts = {
    leaseMs: 40,
    mayLead: async () => ok(undefined),
    takeLease,
    async lead(_lease, onFatal) {
      seen.push('leads');
      fatals.push(onFatal);
      return ok({
        async [Symbol.asyncDispose]() {
          seen.push('ended');
        },
      });
    },
    say: ({ cannotLead }) => states.push(cannotLead),
    log: pino({}, { write: (line) => said.push(line) }),
    onStatus: () => undefined,
    ...other,
  };
  return { parts, seen, said, states, leases, fatals };
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + 10_000; !isSo(); ) {
    if (performance.now() > end) throw new Error('not within 10 s');
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
