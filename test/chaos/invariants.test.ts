import { createHash } from 'node:crypto';
import { expect, test } from 'vitest';
import { breachesOf, type Left } from './invariants.ts';

test('a rotation that went as it should breaks no rule', () => {
  expect(breachesOf(aRun())).toEqual([]);
});

test('two members that are down by us at the same time are found, and two after another are not', () => {
  const one = { member: 'm1', from: 1_000, to: 2_000, by: 'restart' } as const;
  expect(rulesOf({ downs: [one, { ...one, member: 'm2', from: 2_000, to: 3_000 }] })).toEqual([]);
  expect(rulesOf({ downs: [one, { ...one, member: 'm2', from: 1_999, to: 3_000 }] })).toEqual([
    'neverTwoDownByUs',
  ]);
});

test('a restart of ours while a killed member is away is found, however long it is away', () => {
  const killed = { member: 'm3', from: 1_000, by: 'fault' } as const;
  const restart = { member: 'm1', from: 9_000, to: 9_500, by: 'restart' } as const;
  expect(rulesOf({ downs: [killed, restart] })).toEqual(['noRestartWhileAnotherIsDown']);
  expect(rulesOf({ downs: [{ ...killed, to: 8_000 }, restart] })).toEqual([]);
  expect(rulesOf({ downs: [{ ...killed, member: 'm1' }, restart] })).toEqual([]);
});

test('a write may fail while a killed member is away, and neither before nor because of a restart of ours', () => {
  const load = aLoad({
    failed: [{ sequence: 7, at: new Date(20_000).toISOString(), errors: ['no answer'] }],
  });
  const away = { member: 'm3', from: 21_000, to: 22_000 };
  expect(rulesOf({ load, downs: [{ ...away, by: 'fault' }] })).toEqual([]);
  expect(rulesOf({ load, downs: [{ ...away, by: 'restart' }] })).toEqual([
    'noWriteFailedButWhileAMemberWasAway',
  ]);
  expect(rulesOf({ load, downs: [{ member: 'm3', from: 26_000, to: 27_000, by: 'fault' }] })).toEqual([
    'noWriteFailedButWhileAMemberWasAway',
  ]);
});

test('a hold is right for what is on the list, once the fault has come', () => {
  const failure = { code: 'node-away', message: 'm1 does not answer', hint: '', retryable: false } as const;
  expect(rulesOf({ fault: 'stop agent', holds: [{ failure, at: 2_000 }] })).toEqual([]);
  expect(rulesOf({ fault: 'stop agent', holds: [{ failure, at: 500 }] })).toEqual([
    'heldOnlyForWhatIsListed',
  ]);
  expect(rulesOf({ fault: 'kill agent', holds: [{ failure, at: 2_000 }] })).toEqual([
    'heldOnlyForWhatIsListed',
  ]);
  const byHand = { failure: { ...failure, code: 'held-by-operator' } as const, at: 500 };
  expect(rulesOf({ holds: [byHand] })).toEqual([]);
});

test('strangers, incomplete generations and lost writes are found, and so is nobody having looked', () => {
  expect(rulesOf({ strangers: ['m1 → m2: unknown authority'] })).toEqual(['noStranger']);
  expect(rulesOf({ accepted: 0 })).toEqual(['noStranger']);
  expect(rulesOf({ incomplete: ['m1: the key is another'] })).toEqual(['completeGenerations']);
  const lost = aLoad({});
  lost.writes.lost = 1;
  expect(rulesOf({ load: lost })).toEqual(['noAcknowledgedWriteLost']);
});

test('a journal is read whole, and a torn, changed or missing line is found', () => {
  const three = [aLine(1), aLine(2), aLine(3)];
  const text = chained(three);
  expect(rulesOf({ journal: text })).toEqual([]);
  expect(rulesOf({ journal: text.slice(0, -5), epochs: {} })).toEqual(['journalReadsWhole']);
  expect(rulesOf({ journal: text.replace('v2', 'v9') })).toEqual(['journalReadsWhole']);
  expect(rulesOf({ journal: text.split('\n').slice(1).join('\n') })).toContain('journalReadsWhole');
});

test('an agent that has stored a newer epoch than the journal has is found', () => {
  expect(rulesOf({ epochs: { m1: 3 } })).toEqual([]);
  expect(rulesOf({ epochs: { m1: 4 } })).toEqual(['noAgentIsAheadOfTheJournal']);
});

test('a command of an epoch that is over is found where somebody obeyed it', () => {
  expect(rulesOf({ commanded: { m1: [1, 2, 1] } })).toEqual(['nobodyObeysWhoLedBefore']);
});

test('what was given up has not ended, and what ended otherwise than it says is found', () => {
  expect(rulesOf({ outcome: 'abandoned' })).toEqual(['isRotatedOrRolledBack']);
  expect(rulesOf({ outcome: undefined })).toEqual(['isRotatedOrRolledBack']);
  expect(rulesOf({ oldLeaves: ['m1: an old client leaf is accepted, not refused'] })).toEqual([
    'isWhatItSays',
  ]);
});

function rulesOf(left: Partial<Left>): string[] {
  return [...new Set(breachesOf(aRun(left)).map((breach) => breach.split(':')[0] ?? ''))];
}

function aRun(left: Partial<Left> = {}): Left {
  return {
    fault: 'kill agent',
    struckAt: 1_000,
    journal: chained([aLine(1), aLine(2), aLine(3)]),
    outcome: 'rotated',
    holds: [],
    strangers: [],
    incomplete: [],
    accepted: 100,
    downs: [],
    load: aLoad({}),
    epochs: { m1: 3, m2: 3, m3: 3 },
    commanded: { m1: [1, 1, 2], m2: [1, 2, 2], m3: [1] },
    oldLeaves: [],
    ...left,
  };
}

function aLoad({ failed = [] }: { failed?: Left['load']['writer']['failed'] }): Left['load'] {
  const stalls = { longestStallMs: 10, longestStallAt: 0 };
  return {
    seconds: 20,
    writes: { tried: 1_000, retried: 0, failed: failed.length, lost: 0, longestStallMs: 10 },
    watch: { lost: 0, duplicates: 0, outOfOrder: 0, resumed: 3 },
    writer: {
      ...{
        seconds: 20,
        tried: 1_000,
        retried: 0,
        failed,
        lost: [],
        reloads: 0,
        acknowledged: [],
        errors: {},
      },
      ...stalls,
    },
    watcher: { seen: [], outOfOrder: 0, resumed: 3, reasons: {}, reloads: 0 },
  };
}

/** A lead under the epoch that is its number. */
function aLine(seq: number): object {
  return {
    v: 1,
    seq,
    prev: '',
    at: new Date(seq).toISOString(),
    epoch: seq,
    body: { type: 'lead', version: `v${seq}` },
  };
}

function chained(lines: object[]): string {
  let prev = '0'.repeat(64);
  return lines
    .map((line) => {
      const text = JSON.stringify({ ...line, prev });
      prev = createHash('sha256').update(text).digest('hex');
      return `${text}\n`;
    })
    .join('');
}
