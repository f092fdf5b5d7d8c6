import type { Entry, EntryBody, Result } from '@etcd-rotate/protocol';
import { describe, expect, test } from 'vitest';
import type { Journal } from './journal.ts';

/** One place that journals can be opened on, again and again. */
export interface JournalPlace {
  open(): Promise<Result<Journal>>;
}

/** What every journal does, wherever it keeps its lines. */
export function journalContract(name: string, aPlace: () => Promise<JournalPlace>): void {
  describe(`${name} as a journal`, () => {
    test('begins empty, with the first epoch', async () => {
      await using journal = await opened(await aPlace());
      expect([journal.entries(), journal.last(), journal.epoch]).toEqual([[], 0, 1]);
    });

    test('takes the lead under an epoch above all before, and above what the agents have seen', async () => {
      const place = await aPlace();
      {
        await using journal = await opened(place);
        expect(value(await journal.lead('0.1.0'))).toMatchObject({
          seq: 1,
          epoch: 1,
          body: { type: 'lead' },
        });
      }
      await using again = await opened(place);
      expect(again.epoch).toBe(2);
      expect(value(await again.lead('0.1.0', 6)).epoch).toBe(7);
      expect(value(await again.append(resumed('r1'))).epoch).toBe(7);
    });

    test('numbers entries, links each to the one before, and stamps them', async () => {
      await using journal = await opened(await aPlace());
      const first = value(await journal.append(resumed('r1')));
      const second = value(await journal.append(resumed('r2')));
      expect(first).toMatchObject({
        v: 1,
        seq: 1,
        prev: '0'.repeat(64),
        at: '2026-11-24T03:00:00.000Z',
        epoch: 1,
      });
      expect(second.seq).toBe(2);
      expect(second.prev).toMatch(/^[0-9a-f]{64}$/);
      expect(second.prev).not.toBe(first.prev);
    });

    test('keeps the order of appends made at once', async () => {
      const place = await aPlace();
      const names = Array.from({ length: 50 }, (_, i) => `r${i}`);
      {
        await using journal = await opened(place);
        const entries = (await Promise.all(names.map((rotation) => journal.append(resumed(rotation))))).map(
          value,
        );
        expect(entries.map(({ seq }) => seq)).toEqual(names.map((_, i) => i + 1));
        expect(rotations(journal.entries())).toEqual(names);
      }
      await using again = await opened(place);
      expect(rotations(again.entries())).toEqual(names);
    });

    test('gives the entries after a seq', async () => {
      await using journal = await opened(await aPlace());
      for (const rotation of ['r1', 'r2', 'r3']) await journal.append(resumed(rotation));
      expect(rotations(journal.entries(1))).toEqual(['r2', 'r3']);
      expect(journal.entries(3)).toEqual([]);
      expect(journal.last()).toBe(3);
    });

    test('refuses an entry that could not be read again, and takes those beside it', async () => {
      const place = await aPlace();
      {
        await using journal = await opened(place);
        const appends = [resumed('r1'), resumed('Not A Name'), resumed('r3')].map((body) =>
          journal.append(body),
        );
        expect((await Promise.all(appends)).map(({ ok }) => ok)).toEqual([true, false, true]);
      }
      await using again = await opened(place);
      expect(rotations(again.entries())).toEqual(['r1', 'r3']);
    });

    test('wakes those who wait for the next entry, and lets the others wait', async () => {
      await using journal = await opened(await aPlace());
      await journal.append(resumed('r1'));
      await journal.waitFor(0, 60_000);
      const next = journal.waitFor(1, 60_000);
      let later = false;
      void journal.waitFor(2, 60_000).then(() => {
        later = true;
      });
      await journal.append(resumed('r2'));
      await next;
      expect(later).toBe(false);
    });

    test('ends a wait when its time is over', async () => {
      await using journal = await opened(await aPlace());
      await journal.waitFor(0, 5);
      expect(journal.last()).toBe(0);
    });

    test('finishes the appends under way when it is closed, wakes who waits, and takes no more', async () => {
      const place = await aPlace();
      const journal = await opened(place);
      const wait = journal.waitFor(5, 60_000);
      const under = journal.append(resumed('r1'));
      await journal[Symbol.asyncDispose]();
      await wait;
      expect((await under).ok).toBe(true);
      expect((await journal.append(resumed('r2'))).ok).toBe(false);
      await using again = await opened(place);
      expect(again.last()).toBe(1);
    });
  });
}

export const at3 = (): Date => new Date('2026-11-24T03:00:00.000Z');

export function resumed(rotation: string): EntryBody {
  return { type: 'resumed', rotation, operator: 'alice' };
}

export function rotations(entries: Entry[]): string[] {
  return entries.map(({ body }) => ('rotation' in body ? body.rotation : body.type));
}

export async function opened(place: JournalPlace): Promise<Journal> {
  return value(await place.open());
}

export function value<T>(result: Result<T>): T {
  if (result.ok) return result.value;
  throw new Error(`${result.failure.code}: ${result.failure.message}`);
}
