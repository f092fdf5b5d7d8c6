import { readFileSync, statSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { inspect } from 'node:util';
import { expect, test } from 'vitest';
import { copySlots, oldPair } from './copies.ts';
import { aFolder, codeOf, unwrap } from './folder.fixture.ts';
import type { Holder } from './holders.ts';

async function aClientWithFiles() {
  const folder = await aFolder();
  const client: Holder = {
    kind: 'client',
    holder: 'client/backup',
    cluster: 'c',
    slots: {
      'client-leaf': { cert: folder.at('cert'), key: folder.at('key') },
      'server-bundle': { ca: folder.at('ca') },
    },
    restart: undefined,
    reload: undefined,
    pidFile: folder.at('pid'),
    endpoints: [],
  };
  for (const name of ['cert', 'key', 'ca']) await writeFile(folder.at(name), `${name} 1`, { mode: 0o644 });
  return { ...folder, client };
}

test('copies every file of every slot once, for us alone', async () => {
  await using there = await aClientWithFiles();
  expect(unwrap(await copySlots([there.client], there.at('state')))).toBe(3);
  expect(unwrap(await copySlots([there.client], there.at('state')))).toBe(0);
  const key = there.at('state/before/client.backup/client-leaf.key.pem');
  expect(statSync(key).mode & 0o777).toBe(0o600);
});

test('the first copy stays, whatever lies there later', async () => {
  await using there = await aClientWithFiles();
  unwrap(await copySlots([there.client], there.at('state')));
  await writeFile(there.at('cert'), 'cert 2');
  unwrap(await copySlots([there.client], there.at('state')));
  const old = await oldPair(there.at('state'), 'client/backup', 'client-leaf');
  expect([old?.cert, old?.key.reveal()]).toEqual(['cert 1', 'key 1']);
});

test('copies byte for byte, also comments that are not UTF-8', async () => {
  await using there = await aClientWithFiles();
  const bytes = Buffer.from([0x23, 0xe9, 0x0d, 0x0a, 0xff]);
  await writeFile(there.at('ca'), bytes);
  unwrap(await copySlots([there.client], there.at('state')));
  expect(readFileSync(there.at('state/before/client.backup/server-bundle.ca.pem'))).toEqual(bytes);
});

test('a file that is missing is named, and the others that were copied are not copied again', async () => {
  await using there = await aClientWithFiles();
  await rm(there.at('ca'));
  const failed = await copySlots([there.client], there.at('state'));
  expect(codeOf(failed)).toBe('bad-file');
  await writeFile(there.at('ca'), 'ca 1');
  expect(unwrap(await copySlots([there.client], there.at('state')))).toBe(1);
});

test('a pair that was not copied is no pair', async () => {
  await using there = await aClientWithFiles();
  expect(await oldPair(there.at('state'), 'client/backup', 'client-leaf')).toBeUndefined();
});

test('a key that was copied does not print', async () => {
  await using there = await aClientWithFiles();
  unwrap(await copySlots([there.client], there.at('state')));
  const old = await oldPair(there.at('state'), 'client/backup', 'client-leaf');
  expect(inspect(old, { depth: 9, showHidden: true })).not.toContain('key 1');
  expect(() => JSON.stringify(old)).toThrow('a secret has no JSON');
});
