import { statSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { aFolder } from './folder.fixture.ts';
import { type KeyFor, Keys, readKey } from './keys.ts';

const wanted = (folder: string): KeyFor => ({ folder, holder: 'member/m1', slot: 'peer-leaf' });

test('the same key comes for every request of a rotation, also after a restart and from several at once', async () => {
  await using folder = await aFolder();
  const keys = new Keys();
  const [first, second] = await Promise.all([
    keys.forSlot(wanted(folder.path), 'ecdsa-p256'),
    keys.forSlot(wanted(folder.path), 'ecdsa-p256'),
  ]);
  const third = await new Keys().forSlot(wanted(folder.path), 'ecdsa-p256');
  expect(second.reveal()).toBe(first.reveal());
  expect(third.reveal()).toBe(first.reveal());
});

test('slots, holders and rotations have keys of their own', async () => {
  await using folder = await aFolder();
  const keys = new Keys();
  const made = await Promise.all([
    keys.forSlot(wanted(folder.path), 'ecdsa-p256'),
    keys.forSlot({ ...wanted(folder.path), slot: 'server-leaf' }, 'ecdsa-p256'),
    keys.forSlot({ ...wanted(folder.path), holder: 'client/m1' }, 'ecdsa-p256'),
    keys.forSlot(wanted(folder.at('another')), 'ecdsa-p256'),
  ]);
  expect(new Set(made.map((key) => key.reveal())).size).toBe(4);
});

test('a key lies in a file for us alone, in a folder for us alone', async () => {
  await using folder = await aFolder();
  await new Keys().forSlot(wanted(folder.at('rotation')), 'ecdsa-p256');
  expect(statSync(folder.at('rotation', 'keys', 'member.m1.peer-leaf.pem')).mode & 0o777).toBe(0o600);
  expect(statSync(folder.at('rotation', 'keys')).mode & 0o777).toBe(0o700);
});

test('keys that were begun are used, each once', async () => {
  await using folder = await aFolder();
  const keys = new Keys();
  keys.begin(['ecdsa-p256', 'ecdsa-p256']);
  const [a, b] = [
    await keys.forSlot(wanted(folder.path), 'ecdsa-p256'),
    await keys.forSlot({ ...wanted(folder.path), slot: 'server-leaf' }, 'ecdsa-p256'),
  ];
  expect(a.reveal()).not.toBe(b.reveal());
});

test('a key that is gone is told as gone', async () => {
  await using folder = await aFolder();
  await new Keys().forSlot(wanted(folder.path), 'ecdsa-p256');
  await rm(folder.at('keys'), { recursive: true });
  expect(await readKey(wanted(folder.path))).toBeUndefined();
});
