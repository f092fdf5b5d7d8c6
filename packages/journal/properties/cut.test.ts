import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { unwrap } from '@etcd-rotate/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openFileJournal } from '../src/file-journal.ts';
import { readJournal, type TornLine } from '../src/read-journal.ts';
import { aWholeRotation, linesOf } from './a-journal.ts';
import { FileInMemory } from './file-in-memory.ts';

/** The same bytes every time: `SEED=...` for others, `RUNS=...` for more of them in each line. */
const seed = Number(process.env.SEED ?? 20_261_124);
const runs = Number(process.env.RUNS ?? 100);

const first: Parameters<typeof linesOf>[0][0] = { type: 'lead', version: 'test' };
const rotation = aWholeRotation();

/** Each entry of the rotation between two short ones, so that a file of it can be read at every byte. */
async function* filesOfEachEntry(): AsyncGenerator<[before: Buffer, line: Buffer, after: Buffer]> {
  for (const body of rotation) {
    const [before = '', line = '', after = ''] = (await linesOf([first, body, first])).map(
      (one) => `${one}\n`,
    );
    yield [Buffer.from(before), Buffer.from(line), Buffer.from(after)];
  }
}

test('a journal cut at any byte of any line is what it was before that line, and says so', async () => {
  let opened = 0;
  for await (const [before, line] of filesOfEachEntry()) {
    for (let bytes = 0; bytes <= line.length; bytes += 1) {
      const torn: TornLine[] = [];
      const file = new FileInMemory(Buffer.concat([before, line.subarray(0, bytes)]));
      const read = await readJournal(file.handle, (dropped) => torn.push(dropped));
      const isWhole = bytes === line.length;
      const isTorn = bytes > 0 && !isWhole;
      if (
        !read.ok ||
        read.value.entries.length !== (isWhole ? 2 : 1) ||
        file.bytes.length !== before.length + (isWhole ? bytes : 0) ||
        JSON.stringify(torn) !== JSON.stringify(isTorn ? [{ line: 2, bytes }] : [])
      ) {
        throw new Error(`cut after ${bytes} bytes of ${line}: ${JSON.stringify({ read, torn })}`);
      }
      opened += 1;
    }
  }
  console.log(`${opened} cuts in ${rotation.length} lines`);
});

test('on disk, too, cut in any line: it opens, and what is written next is read again', async () => {
  const lines = (await linesOf([first, ...rotation])).map((one) => Buffer.from(`${one}\n`));
  const draw = fc.sample(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), {
    seed,
    numRuns: lines.length,
  });
  const folder = await mkdtemp(join(tmpdir(), 'etcd-rotate-cut-'));
  try {
    let whole = Buffer.alloc(0);
    for (const [i, line] of lines.entries()) {
      const bytes = 1 + Math.floor((draw[i] ?? 0) * (line.length - 1));
      await writeFile(join(folder, 'journal.jsonl'), Buffer.concat([whole, line.subarray(0, bytes)]));
      const torn: TornLine[] = [];
      const options = { now: () => new Date(0), onTornLine: (dropped: TornLine) => torn.push(dropped) };
      {
        await using journal = unwrap(await openFileJournal(folder, options));
        expect([journal.last(), torn]).toEqual([i, [{ line: i + 1, bytes }]]);
        unwrap(await journal.append(first));
      }
      await using again = unwrap(await openFileJournal(folder, options));
      expect([again.last(), torn.length]).toEqual([i + 1, 1]);
      whole = Buffer.concat([whole, line]);
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

test('a byte that was changed is found, and its line named, wherever it is but in the last line', async () => {
  const changes = fc.record({ at: fc.nat(), by: fc.integer({ min: 1, max: 255 }) });
  let found = 0;
  for await (const [before, line, after] of filesOfEachEntry()) {
    for (const { at, by } of fc.sample(changes, { seed, numRuns: runs })) {
      const changed = Buffer.from(line);
      const place = at % line.length;
      changed[place] = (changed[place] ?? 0) ^ by;
      const read = await readJournal(new FileInMemory(Buffer.concat([before, changed, after])).handle);
      const said = read.ok ? 'nothing' : read.failure.message;
      expect(said, `byte ${place} changed by ${by}: ${changed}`).toMatch(/^line 2 of the journal /);
      found += 1;
    }
  }
  console.log(`${found} changes in ${rotation.length} lines, seed ${seed}`);
});
