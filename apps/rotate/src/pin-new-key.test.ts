import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { pinNewKey } from './pin-new-key.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'etcd-rotate-pin-'));
  file = join(folder, 'operator.json');
  writeFileSync(file, JSON.stringify({ name: 'ann', coordinatorKey: 'old' }), { mode: 0o600 });
});
afterEach(() => rmSync(folder, { recursive: true }));

const keyIn = (): string => JSON.parse(readFileSync(file, 'utf8')).coordinatorKey;

test('the file has the new key, and is otherwise what it was', async () => {
  expect(await pinNewKey(file, 'new')).toContain('knows it from now on');
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual({ name: 'ann', coordinatorKey: 'new' });
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(folder)).toEqual(['operator.json']);
});

test('a link stays a link, and what it leads to is changed', async () => {
  const link = join(folder, 'link.json');
  symlinkSync('operator.json', link);
  await pinNewKey(link, 'new');
  expect(readlinkSync(link)).toBe('operator.json');
  expect(keyIn()).toBe('new');
});

test("several commands at once do not get in each other's way", async () => {
  const said = await Promise.all(Array.from({ length: 8 }, () => pinNewKey(file, 'new')));
  expect(said.filter((text) => !text.includes('knows it from now on'))).toEqual([]);
  expect(readdirSync(folder)).toEqual(['operator.json']);
});

test('a file that cannot be read or written is left alone, and the key is said', async () => {
  writeFileSync(file, 'no JSON');
  expect(await pinNewKey(file, 'new')).toContain('set its coordinatorKey to new');
  expect(readFileSync(file, 'utf8')).toBe('no JSON');
});
