import { chmod, chown, mkdir, rename, symlink } from 'node:fs/promises';
import { describe, expect, test } from 'vitest';
import { aProcess, isRoot, somebodyElse } from './a-process.fixture.ts';
import { adopt } from './adopt.ts';
import { unwrap } from './folder.fixture.ts';
import { mayPass, unreadableKeys } from './key-unreadable.ts';
import { aNode, type TestNode } from './node.fixture.ts';
import { foldersOf, memberOn } from './node.ts';

function memberOf(there: TestNode) {
  const member = memberOn(there.node, 'c')?.member;
  if (!member) throw new Error('no member');
  return member;
}

/** A node whose files belong to the user of its process, who is not root where that is possible. */
async function aNodeOfItsOwnUser() {
  const there = await aNode();
  await chmod(there.path, 0o755);
  const own = async (...names: string[]) => {
    const path = there.at(...names);
    if (somebodyElse !== undefined) await chown(path, somebodyElse, somebodyElse);
    return path;
  };
  await own('pki');
  for (const key of ['server.key', 'peer.key']) await own('pki', key);
  const running = await aProcess(somebodyElse === undefined ? {} : { uid: somebodyElse });
  const look = async (flags = {}) =>
    (await unreadableKeys(memberOf(there), running.pid, flags)).map(
      ({ code, message }) => `${code} ${message}`,
    );
  return {
    there,
    look,
    pid: running.pid,
    [Symbol.asyncDispose]: async () => {
      await running[Symbol.asyncDispose]();
      await chmod(there.at('pki'), 0o755).catch(() => undefined);
      await there[Symbol.asyncDispose]();
    },
  };
}

describe('the files of a running process', () => {
  test.concurrent('that its user can read are no problem, adopted or not', async () => {
    await using one = await aNodeOfItsOwnUser();
    expect(await one.look()).toEqual([]);
    for (const folder of foldersOf(one.there.node, memberOf(one.there))) unwrap(await adopt(folder));
    expect(await one.look()).toEqual([]);
  });

  test.concurrent('of which one has no right for its user are named with the process and the rights', async () => {
    await using one = await aNodeOfItsOwnUser();
    const key = one.there.at('pki/server.key');
    await chmod(key, 0o040);
    const [problem, ...others] = await one.look();
    expect(others).toEqual([]);
    expect(problem).toContain(`key-unreadable member/m1: ${key} is its key, and its process ${one.pid}`);
    expect(problem).toContain('may not read it (mode 0040');
  });

  test.concurrent('that are a bundle or a certificate must be readable for its user as well', async () => {
    await using one = await aNodeOfItsOwnUser();
    const slots = memberOf(one.there).slots;
    const { ca } = slots['client-bundle'] as { ca: string };
    const { cert } = slots['peer-leaf'] as { cert: string };
    for (const file of [ca, cert]) await chmod(file, 0o000);
    const found = await one.look();
    expect(found).toEqual([
      expect.stringContaining(`key-unreadable member/m1: ${ca} is its bundle`),
      expect.stringContaining(`key-unreadable member/m1: ${cert} is its certificate`),
    ]);
  });

  test.concurrent('in a folder that its user may not enter are out of reach, each of them', async () => {
    await using one = await aNodeOfItsOwnUser();
    const folder = one.there.at('pki');
    // Without entering it nobody of that user sees the files either; root does.
    await chmod(folder, isRoot ? 0o600 : 0o700);
    const found = await one.look();
    expect(found.length).toBe(isRoot ? 6 : 0);
    for (const problem of found) expect(problem).toContain(`may not enter the folder ${folder} (mode 0600`);
  });

  test.concurrent('are looked at behind links, as the process would follow them', async () => {
    await using one = await aNodeOfItsOwnUser();
    const { there } = one;
    await mkdir(there.at('behind'), { mode: 0o755 });
    await rename(there.at('pki'), there.at('behind/pki'));
    await symlink('behind/pki', there.at('pki'));
    await symlink(there.at('pki/../pki'), there.at('absolute'));
    expect(await one.look({ 'key-file': there.at('absolute/server.key') })).toEqual([]);
    await chmod(there.at('behind/pki/server.key'), 0o000);
    expect(await one.look({ 'key-file': there.at('absolute/server.key') })).toHaveLength(1);
  });

  test.concurrent('that are other files than ours are not judged, nor those of nobody', async () => {
    await using one = await aNodeOfItsOwnUser();
    await chmod(one.there.at('pki/server.key'), 0o000);
    expect(await one.look({ 'key-file': '/etc/hostname' })).toEqual([]);
    expect(await one.look({ 'key-file': one.there.at('nothing') })).toEqual([]);
    expect(await unreadableKeys(memberOf(one.there), 2 ** 22 + 1)).toEqual([]);
  });
});

describe('the mode of a file', () => {
  const file = (mode: number) => ({ mode, uid: 5, gid: 6, isDirectory: () => false });
  const folder = (mode: number) => ({ ...file(mode), isDirectory: () => true });
  test.each([
    ['of its owner counts for him alone', file(0o044), { uid: 5, groups: [6] }, false],
    ['of its group counts for it alone', file(0o404), { uid: 7, groups: [1, 6] }, false],
    ['of its group lets it in', file(0o040), { uid: 7, groups: [1, 6] }, true],
    ['of others counts for them', file(0o004), { uid: 7, groups: [7] }, true],
    ['does not keep root out', file(0o000), { uid: 0, groups: [] }, true],
    ['of a folder wants its x', folder(0o600), { uid: 5, groups: [] }, false],
    ['of a folder wants nothing but its x', folder(0o100), { uid: 5, groups: [] }, true],
  ])('%s', (_what, seen, user, passes) => {
    expect(mayPass(seen, user)).toBe(passes);
  });
});
