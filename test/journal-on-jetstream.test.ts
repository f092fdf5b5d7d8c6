// The same contract as for the file, on a real nats-server, and what only a shared journal has to hold.

import { afterAll, describe, expect, test } from 'vitest';
import type { NatsServer, SharedStore } from '../packages/bus/src/index.ts';
import { aNats, type Nats, value } from '../packages/bus/src/nats.fixture.ts';
import { type Journal, openStreamJournal } from '../packages/journal/src/index.ts';
import {
  at3,
  journalContract,
  opened,
  resumed,
  rotations,
} from '../packages/journal/src/journal.contract.ts';

const everLeading = { holds: () => true, lost: new AbortController().signal };
const places: { nats: Nats; server: NatsServer; stores: SharedStore[] }[] = [];

afterAll(async () => {
  for (const { nats, server, stores } of places) {
    await Promise.all(stores.map((store) => store[Symbol.asyncDispose]()));
    await server[Symbol.asyncDispose]();
    nats[Symbol.dispose]();
  }
});

/** A nats-server of its own for each: a fleet has one journal. */
async function aPlace() {
  const nats = await aNats({ jetStream: true });
  const place = { nats, server: value(await nats.start()), stores: [] as SharedStore[] };
  places.push(place);
  return {
    ...place,
    async store() {
      const store = await nats.store();
      place.stores.push(store);
      return store;
    },
    async open(leading = everLeading) {
      return openStreamJournal((await this.store()).journal, { now: at3, leading });
    },
  };
}

journalContract('a JetStream stream', aPlace);

describe('two journals open on one stream', () => {
  test('cannot both append: one is refused, and writes nothing from then on', async () => {
    const place = await aPlace();
    await using a = await opened(place);
    await using b = await opened(place);
    const races = await Promise.all([a.append(resumed('r-a')), b.append(resumed('r-b'))]);
    const [winner, loser]: [Journal, Journal] = races[0].ok ? [a, b] : [b, a];
    expect(races.filter(({ ok }) => ok)).toHaveLength(1);
    expect(races.find(({ ok }) => !ok)).toMatchObject({ failure: { code: 'not-leading' } });
    expect((await winner.append(resumed('r2'))).ok).toBe(true);
    expect(await loser.append(resumed('r3'))).toMatchObject({ ok: false, failure: { code: 'not-leading' } });
    await using again = await opened(place);
    expect(again.entries()).toEqual(winner.entries());
    expect(loser.last()).toBe(0);
  });

  test('raced many times, keep every entry that was acknowledged, in one chain', async () => {
    const place = await aPlace();
    const acknowledged: string[] = [];
    for (let round = 0; round < 10; round += 1) {
      await using a = await opened(place);
      await using b = await opened(place);
      const bodies = [0, 1, 2].flatMap((n) => [
        { journal: a, name: `a-${round}-${n}` },
        { journal: b, name: `b-${round}-${n}` },
      ]);
      const done = await Promise.all(
        bodies.map(async ({ journal, name }) => ({ name, entry: await journal.append(resumed(name)) })),
      );
      acknowledged.push(...done.flatMap(({ name, entry }) => (entry.ok ? [name] : [])));
    }
    await using again = await opened(place);
    expect(rotations(again.entries())).toEqual(acknowledged);
    expect(again.last()).toBe(30);
  });
});

describe('an append without an answer', () => {
  test('is there once when the server comes back after kill -9', async () => {
    const place = await aPlace();
    await using journal = await opened(place);
    await journal.append(resumed('r1'));
    process.kill(place.server.pid, 'SIGKILL');
    const second = journal.append(resumed('r2'));
    const third = journal.append(resumed('r3'));
    expect([(await second).ok, (await third).ok]).toEqual([true, true]);
    await using again = await opened(place);
    expect(rotations(again.entries())).toEqual(['r1', 'r2', 'r3']);
  });

  test('that got there all the same is found by what the last block holds', async () => {
    const place = await aPlace();
    const { journal: stream } = await place.store();
    let silent = 2;
    const deaf = {
      ...stream,
      async append(data: Uint8Array, after: number) {
        const appended = await stream.append(data, after);
        silent -= 1;
        const failure = { code: 'nats-away', message: 'no answer', hint: '', retryable: true } as const;
        return silent >= 0 ? ({ type: 'unknown', failure } as const) : appended;
      },
    };
    await using journal = value(await openStreamJournal(deaf, { now: at3, leading: everLeading }));
    expect((await journal.append(resumed('r1'))).ok).toBe(true);
    expect((await journal.append(resumed('r2'))).ok).toBe(true);
    await using again = await opened(place);
    expect(rotations(again.entries())).toEqual(['r1', 'r2']);
  });

  test('is given up when the lead is lost, and nothing is written afterwards', async () => {
    const place = await aPlace();
    const lost = new AbortController();
    await using journal = value(await place.open({ holds: () => !lost.signal.aborted, lost: lost.signal }));
    await journal.append(resumed('r1'));
    process.kill(place.server.pid, 'SIGSTOP');
    const second = journal.append(resumed('r2'));
    lost.abort();
    const outcome = await second;
    process.kill(place.server.pid, 'SIGCONT');
    expect(outcome).toMatchObject({ ok: false, failure: { code: 'not-leading' } });
    expect(await journal.append(resumed('r3'))).toMatchObject({ failure: { code: 'not-leading' } });
    // It may have got there; whoever leads next reads it, as the one who wrote it could have.
    await using again = await opened(place);
    expect(['r1', 'r1 r2']).toContain(rotations(again.entries()).join(' '));
  });
});

describe('a stream', () => {
  test('of which a block was not signed by a coordinator is refused', async () => {
    const place = await aPlace();
    {
      await using journal = await opened(place);
      await journal.append(resumed('r1'));
    }
    // The same nkey and another signing key: what somebody could do who has NATS and no coordinator's key.
    const keys = place.nats.keys;
    keys.coordinator = keys.mallory;
    const forger = await place.store();
    const { journal: forged } = forger;
    expect(await forged.append(new TextEncoder().encode('{}\n'), 1)).toMatchObject({ type: 'appended' });
    expect(await place.open()).toMatchObject({ ok: false, failure: { code: 'journal-broken' } });
  });

  test('takes what is too large for the server as refused, and the journal goes on', async () => {
    const place = await aPlace();
    await using journal = await opened(place);
    const large = await journal.append({ type: 'lead', version: 'x'.repeat(5 * 1024 * 1024) });
    expect(large).toMatchObject({ ok: false, failure: { code: 'bad-message' } });
    expect((await journal.append(resumed('r1'))).ok).toBe(true);
  });

  test('takes many large entries made at once, a part at a time', async () => {
    const place = await aPlace();
    {
      await using journal = await opened(place);
      const versions = Array.from({ length: 12 }, (_, i) => `${i}${'x'.repeat(700 * 1024)}`);
      const done = await Promise.all(versions.map((version) => journal.append({ type: 'lead', version })));
      expect(done.map((entry) => entry.ok && entry.value.seq)).toEqual(versions.map((_, i) => i + 1));
    }
    await using again = await opened(place);
    expect(again.last()).toBe(12);
  });
});
