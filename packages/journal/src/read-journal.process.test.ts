import { mkdtemp, open, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { at3, opened, resumed, rotations } from './journal.contract.ts';
import { openMemoryJournal } from './memory-journal.ts';
import { readJournal, type TornLine } from './read-journal.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etcd-rotate-read-'));
});
afterAll(() => rm(folder, { recursive: true }));

const names = ['r1', 'r2', 'r3'];

async function aJournal(): Promise<Buffer> {
  const lines: string[] = [];
  await using journal = await opened({ open: () => openMemoryJournal({ now: at3, lines }) });
  for (const name of names) await journal.append(resumed(name));
  return Buffer.from(lines.map((line) => `${line}\n`).join(''));
}

async function reading(
  bytes: Buffer,
): Promise<{ read: Awaited<ReturnType<typeof readJournal>>; torn: TornLine[]; left: number }> {
  const path = join(folder, 'journal.jsonl');
  await writeFile(path, bytes);
  const torn: TornLine[] = [];
  await using file = await open(path, 'r+');
  const read = await readJournal(file, (line) => torn.push(line));
  return { read, torn, left: (await file.stat()).size };
}

test('a journal cut at any byte is read to its last whole line, and the rest is cut off', async () => {
  const bytes = await aJournal();
  for (let cut = 0; cut <= bytes.length; cut++) {
    const kept = bytes.subarray(0, cut);
    const whole = kept.lastIndexOf(10) + 1;
    const lines = kept.toString().split('\n').length - 1;
    const { read, torn, left } = await reading(kept);
    expect(rotations(read.ok ? read.value.entries : [])).toEqual(names.slice(0, lines));
    expect(torn).toEqual(cut > whole ? [{ line: lines + 1, bytes: cut - whole }] : []);
    expect(left).toBe(whole);
  }
});

test('a journal of which any byte before the last line was changed is refused and left as it is', async () => {
  const bytes = await aJournal();
  const lastLine = bytes.lastIndexOf(10, bytes.length - 2) + 1;
  for (let at = 0; at < lastLine; at++) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ 1;
    const { read, left } = await reading(changed);
    expect(read, `byte ${at}`).toMatchObject({ ok: false, failure: { code: 'journal-broken' } });
    expect(left).toBe(bytes.length);
  }
});
