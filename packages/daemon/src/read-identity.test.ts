import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readIdentity } from './read-identity.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etcd-rotate-identity-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

test('says of a file with nothing in it, as systemd gives it where there is none, that the node has to join', async () => {
  const path = join(folder, 'identity');
  await writeFile(path, '\n', { mode: 0o600 });
  expect(await readIdentity(path)).toMatchObject({
    failure: {
      code: 'bad-usage',
      message: `there is no identity yet: ${path} is empty`,
      hint: expect.stringContaining('rotate node add'),
    },
  });
});

test('says of anything else that it is no identity', async () => {
  const path = join(folder, 'other');
  await writeFile(path, 'hunter2', { mode: 0o600 });
  const read = await readIdentity(path);
  expect(read).toMatchObject({ failure: { code: 'bad-file', message: `${path} is not JSON` } });
});
