import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { openFileJournal } from './file-journal.ts';
import { at3, journalContract, opened, resumed, rotations } from './journal.contract.ts';
import type { TornLine } from './read-journal.ts';

const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

journalContract('a file', async () => aPlace());

async function aPlace(): Promise<{
  folder: string;
  file: string;
  open: () => ReturnType<typeof openFileJournal>;
}> {
  const folder = await mkdtemp(join(tmpdir(), 'etcd-rotate-journal-'));
  folders.push(folder);
  return { folder, file: join(folder, 'journal.jsonl'), open: () => openFileJournal(folder, { now: at3 }) };
}

/** A journal file with entries r1, r2, …, closed again. */
async function aFileWith(...names: string[]): Promise<Awaited<ReturnType<typeof aPlace>>> {
  const place = await aPlace();
  await using journal = await opened(place);
  for (const rotation of names) await journal.append(resumed(rotation));
  return place;
}

describe('a journal file', () => {
  test('is for its owner only', async () => {
    const { file } = await aFileWith('r1');
    expect((await stat(file)).mode & 0o777).toBe(0o600);
  });

  test('with half a last line says so, drops it and goes on', async () => {
    const { file, folder } = await aFileWith('r1', 'r2');
    await truncate(file, (await stat(file)).size - 10);
    const torn: TornLine[] = [];
    const place = {
      open: () => openFileJournal(folder, { now: at3, onTornLine: (line) => torn.push(line) }),
    };
    {
      await using journal = await opened(place);
      expect(torn).toMatchObject([{ line: 2 }]);
      expect((await journal.append(resumed('r3'))).ok).toBe(true);
    }
    await using again = await opened(place);
    expect(rotations(again.entries())).toEqual(['r1', 'r3']);
  });

  test.each([
    [
      'a changed line',
      (lines: string[]) => lines.with(1, lines[1]?.replace('"r2"', '"r9"') ?? ''),
      'line 2 of the journal (seq 2)',
    ],
    ['a line that is not JSON', (lines: string[]) => lines.with(1, 'oops'), 'line 2 of the journal (seq 2)'],
    [
      'a last line that is whole and not JSON',
      (lines: string[]) => lines.with(2, '{"v":1'),
      'line 3 of the journal (seq 3)',
    ],
    [
      'two lines that changed places',
      ([a = '', b = '', c = '']: string[]) => [a, c, b],
      'line 2 of the journal has seq 3',
    ],
    ['a line left out', ([a = '', , c = '']: string[]) => [a, c], 'line 2 of the journal has seq 3'],
    ['a first line left out', ([, b = '', c = '']: string[]) => [b, c], 'line 1 of the journal has seq 2'],
    ['an empty line', ([a = '', b = '']: string[]) => [a, '', b], 'line 2 of the journal (seq 2)'],
    [
      'a changed last line that names another line before it',
      (lines: string[]) => lines.with(2, lines[2]?.replace(/"prev":"./, '"prev":"_') ?? ''),
      'line 3 of the journal (seq 3)',
    ],
  ])('with %s is refused, and the line is named', async (_what, change, message) => {
    const place = await aFileWith('r1', 'r2', 'r3');
    const lines = (await readFile(place.file, 'utf8')).trimEnd().split('\n');
    await writeFile(place.file, `${change(lines).join('\n')}\n`);
    const opening = await place.open();
    expect(opening).toMatchObject({ ok: false, failure: { code: 'journal-broken', retryable: false } });
    expect(opening.ok ? '' : opening.failure.message).toContain(message);
    // Refused, not repaired: what is there stays there for somebody to look at, and the lock is free again.
    expect(await place.open()).toEqual(opening);
  });

  test('is opened by one at a time, and says who has it', async () => {
    const place = await aFileWith();
    {
      await using _held = await opened(place);
      const second = await place.open();
      expect(second).toMatchObject({ ok: false, failure: { code: 'state-locked' } });
      expect(second.ok ? '' : second.failure.message).toContain(`process ${process.pid}`);
    }
    await using _again = await opened(place);
  });

  test.skipIf(process.getuid?.() !== 0)(
    'on a full disk fails an append, is left whole, and takes it when there is room',
    async () => {
      const { folder } = await aPlace();
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16k', 'tmpfs', folder]);
      try {
        const place = { open: () => openFileJournal(folder, { now: at3 }) };
        const filler = join(folder, 'filler');
        {
          await using journal = await opened(place);
          await journal.append(resumed('r1'));
          await writeFile(filler, 'x'.repeat(8192));
          const large = { type: 'lead' as const, version: 'v'.repeat(6000) };
          expect(await journal.append(large)).toMatchObject({
            ok: false,
            failure: { code: 'journal-not-written', retryable: true },
          });
          expect((await readFile(join(folder, 'journal.jsonl'), 'utf8')).split('\n').length).toBe(2);
          await rm(filler);
          expect((await journal.append(large)).ok).toBe(true);
          expect((await journal.append(resumed('r3'))).ok).toBe(true);
        }
        await using again = await opened(place);
        expect(rotations(again.entries())).toEqual(['r1', 'lead', 'r3']);
      } finally {
        execFileSync('umount', [folder]);
      }
    },
  );
});
