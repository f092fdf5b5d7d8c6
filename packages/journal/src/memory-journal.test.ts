import { expect, test } from 'vitest';
import { at3, journalContract, opened, resumed } from './journal.contract.ts';
import { openMemoryJournal } from './memory-journal.ts';

journalContract('memory', async () => {
  const lines: string[] = [];
  return { open: () => openMemoryJournal({ now: at3, lines }) };
});

test('refuses lines in another order, as the file does', async () => {
  const lines: string[] = [];
  await using journal = await opened({ open: () => openMemoryJournal({ now: at3, lines }) });
  await journal.append(resumed('r1'));
  await journal.append(resumed('r2'));
  const broken = await openMemoryJournal({ now: at3, lines: lines.toReversed() });
  expect(broken).toMatchObject({ ok: false, failure: { code: 'journal-broken' } });
});
