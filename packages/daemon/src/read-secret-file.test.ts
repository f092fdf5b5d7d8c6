import { chmod, chown, mkdir, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { readSecretFile } from './read-secret-file.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etcd-rotate-secret-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

async function aFile(name: string, mode = 0o600): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, 'hunter2');
  await chmod(path, mode);
  return path;
}

/** A file of a user who is not root. */
async function aFileOfSomebody(name: string): Promise<{ path: string; uid: number }> {
  const path = await aFile(name);
  if ((await stat(path)).uid === 0) await chown(path, 4711, 4711);
  return { path, uid: (await stat(path)).uid };
}

test('reads what is ours alone', async () => {
  expect(await readSecretFile(await aFile('ours'), 'h')).toEqual({ ok: true, value: 'hunter2' });
  expect(await readSecretFile(await aFile('ours-to-read', 0o400), 'h')).toEqual({
    ok: true,
    value: 'hunter2',
  });
});

test.each(['640', '604', '644', '620', '610', '601'])(
  'refuses what others can get at: mode %s',
  async (mode) => {
    const path = await aFile(`open-${mode}`, Number.parseInt(mode, 8));
    expect(await readSecretFile(path, 'h')).toMatchObject({
      failure: {
        code: 'bad-file',
        message: `${path} can be read by others (mode ${mode})`,
        hint: `chmod 600 ${path}`,
      },
    });
  },
);

test('refuses what belongs to another user, and says to whom', async () => {
  const { path, uid } = await aFileOfSomebody('theirs');
  const us = uid + 1;
  expect(await readSecretFile(path, 'h', { us })).toMatchObject({
    failure: {
      code: 'bad-file',
      message: `${path} belongs to user ${uid}, who can read and change it; we are user ${us}`,
      hint: `chown ${us} ${path}`,
    },
  });
  expect(await readSecretFile(path, 'h', { us: uid })).toMatchObject({ ok: true });
});

test('root does not read what belongs to somebody else either', async () => {
  const { path } = await aFileOfSomebody('of-a-user');
  expect(await readSecretFile(path, 'h', { us: 0 })).toMatchObject({ failure: { code: 'bad-file' } });
});

test('follows a link, and looks at what it leads to', async () => {
  const link = async (name: string, to: string): Promise<string> => {
    await symlink(to, join(folder, name));
    return join(folder, name);
  };
  expect(await readSecretFile(await link('to-ours', await aFile('target')), 'h')).toMatchObject({ ok: true });
  const open = await link('to-open', await aFile('open-target', 0o644));
  expect(await readSecretFile(open, 'h')).toMatchObject({
    failure: { message: expect.stringContaining('can be read by others (mode 644)') },
  });
  const { path, uid } = await aFileOfSomebody('their-target');
  expect(await readSecretFile(await link('to-theirs', path), 'h', { us: uid + 1 })).toMatchObject({
    failure: { message: expect.stringContaining(`belongs to user ${uid}`) },
  });
});

test.each([
  ['is not there', async () => join(folder, 'nowhere')],
  [
    'is a folder',
    async () => {
      const path = join(folder, 'folder');
      await mkdir(path, { mode: 0o700 });
      return path;
    },
  ],
])('says so of what %s, with what the caller advises', async (_what, path) => {
  const at = await path();
  expect(await readSecretFile(at, 'put it there')).toMatchObject({
    failure: {
      code: 'bad-file',
      message: expect.stringContaining(`${at} cannot be read`),
      hint: 'put it there',
    },
  });
});

async function aCredentialFolder(name: string, mode = 0o550): Promise<string> {
  const path = join(folder, name);
  await mkdir(path);
  await writeFile(join(path, 'identity'), 'hunter2');
  await chmod(join(path, 'identity'), 0o440);
  await chmod(path, mode);
  return path;
}

test('reads a credential of systemd, which shows as one that a group can read', async () => {
  const credentials = await aCredentialFolder('credentials');
  const path = join(credentials, 'identity');
  expect(await readSecretFile(path, 'h', { credentials })).toEqual({ ok: true, value: 'hunter2' });
  expect(await readSecretFile(path, 'h')).toMatchObject({ failure: { code: 'bad-file' } });
});

test.each(['444', '460', '640', '442'])('refuses a credential of mode %s', async (mode) => {
  const credentials = await aCredentialFolder(`credentials-${mode}`);
  const path = join(credentials, 'identity');
  await chmod(path, Number.parseInt(mode, 8));
  const { ok: isRead } = await readSecretFile(path, 'h', { credentials });
  // Its owner may write what only a group can read.
  expect(isRead).toBe(mode === '640');
});

test('refuses credentials in a folder that others can enter', async () => {
  const credentials = await aCredentialFolder('open-credentials', 0o555);
  expect(await readSecretFile(join(credentials, 'identity'), 'h', { credentials })).toMatchObject({
    failure: { code: 'bad-file' },
  });
});

test('takes nothing for a credential that lies elsewhere, also where a link makes it look like one', async () => {
  const credentials = await aCredentialFolder('other-credentials', 0o750);
  const elsewhere = await aFile('elsewhere', 0o440);
  await symlink(elsewhere, join(credentials, 'linked'));
  for (const path of [elsewhere, join(credentials, 'linked'), join(credentials, '..', 'elsewhere')]) {
    expect(await readSecretFile(path, 'h', { credentials })).toMatchObject({ failure: { code: 'bad-file' } });
  }
});
