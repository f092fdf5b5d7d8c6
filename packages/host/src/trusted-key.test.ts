import { writeFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { aFolder } from './folder.fixture.ts';
import { openTrustedKey } from './trusted-key.ts';

const [first, second, other] = ['A', 'B', 'C'].map((letter) => `${letter.repeat(43)}=`) as [
  string,
  string,
  string,
];

test('the key of the identity file is trusted until another one is put in its place', async () => {
  await using folder = await aFolder();
  const key = await openTrustedKey(folder.path, first);
  expect(key.current()).toBe(first);
  expect(await key.replace(second)).toMatchObject({ ok: true });
  expect(key.current()).toBe(second);
  expect((await openTrustedKey(folder.path, first)).current()).toBe(second);
});

test('another identity file brings its own key', async () => {
  await using folder = await aFolder();
  await (await openTrustedKey(folder.path, first)).replace(second);
  expect((await openTrustedKey(folder.path, other)).current()).toBe(other);
});

test('a damaged file trusts nobody', async () => {
  await using folder = await aFolder();
  writeFileSync(folder.at('coordinator-key'), `${first} ${second} ${other}\n`);
  await expect(openTrustedKey(folder.path, first)).rejects.toThrow('whom this node obeys is not known');
});

test('a key that cannot be written down is not obeyed', async () => {
  await using folder = await aFolder();
  const key = await openTrustedKey(folder.at('nowhere'), first);
  writeFileSync(folder.at('nowhere'), '');
  expect(await key.replace(second)).toMatchObject({
    ok: false,
    failure: { code: 'bad-file', retryable: true },
  });
  expect(key.current()).toBe(first);
});
