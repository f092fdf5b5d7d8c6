import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, readdirSync, readFileSync, readlinkSync, statSync } from 'node:fs';
import {
  chown,
  cp,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { adopt } from './adopt.ts';
import { checkIntact, madeBy } from './check-intact.ts';
import { aFolder, codeOf, type TestFolder, unwrap } from './folder.fixture.ts';
import { type Folder, install, type Replacement } from './generations.ts';
import { leave } from './leave.ts';
import { momentNow, startedSince } from './moment.ts';
import { restore } from './restore.ts';
import { settleFolder, sinceOf } from './seen-since.ts';
import { mayMount } from './small-disk.fixture.ts';

const long = new Date('2020-05-04T03:02:01.000Z');

/** A folder of slot files as they lie on a node: a certificate, its key, a bundle. */
async function aPki(names = ['cert', 'key', 'ca']): Promise<TestFolder & { folder: Folder }> {
  const there = await aFolder();
  for (const name of names) {
    await writeFile(there.at(name), `${name} 1`, { mode: name === 'key' ? 0o600 : 0o644 });
    await chown(there.at(name), 12, 34);
    await utimes(there.at(name), long, long);
  }
  return { ...there, folder: { path: there.path, names } };
}

/** So that a copy of a file cannot be taken for the file by its time. */
const nextMillisecond = () => pause(10);

function installing(folder: Folder, contents: Record<string, string>, id = 'c1') {
  return install([{ folder, contents }], { madeBy: id, beforeSwitch: async () => {} });
}

/** Everything in a folder but the times of folders. */
function everything(path: string): Record<string, string> {
  const found: Record<string, string> = {};
  for (const name of readdirSync(path, { recursive: true, encoding: 'utf8' })) {
    const at = join(path, name);
    const seen = lstatSync(at);
    if (seen.isSymbolicLink()) found[name] = `-> ${readlinkSync(at)}`;
    else if (seen.isFile()) found[name] = `${seen.mode} ${seen.uid} ${seen.mtimeMs} ${readFileSync(at)}`;
  }
  return found;
}

const seenIn = (path: string, names: readonly string[]): string[] =>
  names.map((name) => readFileSync(join(path, name), 'utf8'));

describe.concurrent('adopt', () => {
  test('replaces files by links to identical bytes, with owner, mode and time', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    for (const name of pki.folder.names) {
      expect(await readlink(pki.at(name))).toBe(`.etcd-rotate/current/${name}`);
      expect(await readFile(pki.at(name), 'utf8')).toBe(`${name} 1`);
      const { uid, gid, mode, mtime } = statSync(pki.at(name));
      expect([uid, gid, mode & 0o777]).toEqual([12, 34, name === 'key' ? 0o600 : 0o644]);
      expect(mtime).toEqual(long);
    }
  });

  test('twice is once', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    const before = everything(pki.path);
    unwrap(await adopt(pki.folder));
    expect(everything(pki.path)).toEqual(before);
  });

  test.each([0, 1, 2, 3, 4, 5, 6])('is finished when it was cut off after %i of its steps', async (done) => {
    await using pki = await aPki();
    const root = pki.at('.etcd-rotate');
    const steps = [
      () => mkdir(root),
      () => mkdir(join(root, '000001.part')),
      () => cp(pki.at('cert'), join(root, '000001.part', 'cert')),
      async () => {
        // As it was written by a whole run elsewhere.
        await using other = await aPki();
        await adopt(other.folder);
        await rm(join(root, '000001.part'), { recursive: true });
        await cp(other.at('.etcd-rotate', '000001'), join(root, '000001'), { recursive: true });
      },
      () => symlink('000001', join(root, 'current')),
      async () => {
        await symlink('.etcd-rotate/current/cert', pki.at('cert.part'));
        await rename(pki.at('cert.part'), pki.at('cert'));
      },
    ];
    for (const step of steps.slice(0, done)) await step();
    unwrap(await adopt(pki.folder));
    expect(seenIn(pki.path, pki.folder.names)).toEqual(['cert 1', 'key 1', 'ca 1']);
    expect(codeOf(await checkIntact(pki.folder))).toBe('ok');
    unwrap(await installing(pki.folder, { cert: 'cert 2' }));
    expect(seenIn(pki.path, ['cert'])).toEqual(['cert 2']);
  });

  test('takes in names that were added to the agent file later, and keeps who made the rest', async () => {
    await using pki = await aPki();
    const some = { ...pki.folder, names: ['cert', 'key'] };
    unwrap(await adopt(some));
    unwrap(await installing(some, { cert: 'cert 2' }));
    unwrap(await adopt(pki.folder));
    expect(seenIn(pki.path, pki.folder.names)).toEqual(['cert 2', 'key 1', 'ca 1']);
    expect(lstatSync(pki.at('ca')).isSymbolicLink()).toBe(true);
    expect(await madeBy(pki.folder)).toBe('c1');
  });

  test('refuses a symbolic link of others, a folder and a missing file, and touches nothing', async () => {
    await using pki = await aPki();
    await rename(pki.at('ca'), pki.at('real'));
    for (const [put, code] of [
      [() => symlink('real', pki.at('ca')), 'not-modelled'],
      [() => mkdir(pki.at('ca')), 'not-modelled'],
      [async () => {}, 'install-failed'],
    ] as const) {
      await put();
      const before = everything(pki.path);
      expect(codeOf(await adopt(pki.folder))).toBe(code);
      expect(everything(pki.path)).toEqual(before);
      await rm(pki.at('ca'), { recursive: true, force: true });
    }
  });

  test.each([
    ['through its link', async () => {}],
    ['in the place of its link', (at: TestFolder['at']) => rm(at('cert'))],
  ])(
    'takes what others wrote %s before a rotation, as old as it is, and refuses it within one',
    async (_how, first) => {
      await using pki = await aPki();
      unwrap(await adopt(pki.folder));
      unwrap(await installing(pki.folder, { cert: 'cert 2' }));
      await first(pki.at);
      await writeFile(pki.at('cert'), 'cert of others', { mode: 0o644 });
      await utimes(pki.at('cert'), long, long);
      const written = statSync(pki.at('cert')).ctime;
      expect(codeOf(await checkIntact(pki.folder))).toBe('changed-by-others');
      expect(codeOf(await installing(pki.folder, { key: 'key 2' }, 'c2'))).toBe('changed-by-others');
      for (const _time of [1, 2]) {
        unwrap(await adopt(pki.folder, 'taken'));
        expect(await madeBy(pki.folder)).toBe('adopted');
        expect(await readlink(pki.at('.etcd-rotate/current'))).toBe('000003');
        expect(await readlink(pki.at('cert'))).toBe('.etcd-rotate/current/cert');
        expect(await sinceOf(pki.at('cert'))).toEqual(written);
        expect(seenIn(pki.path, pki.folder.names)).toEqual(['cert of others', 'key 1', 'ca 1']);
      }
      unwrap(await installing(pki.folder, { cert: 'cert 3' }, 'c3'));
      unwrap(await restore(pki.path, { number: 3, names: ['cert'], unread: true }));
      expect(seenIn(pki.path, ['cert'])).toEqual(['cert of others']);
    },
  );

  test('takes no link inside a generation, nor a damaged manifest', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    await rm(pki.at('.etcd-rotate/000001/cert'));
    await symlink('../../ca', pki.at('.etcd-rotate/000001/cert'));
    unwrap(await adopt(pki.folder, 'taken'));
    expect(codeOf(await installing(pki.folder, { ca: 'ca 2' }))).toBe('changed-by-others');
    await writeFile(pki.at('.etcd-rotate/000001/.manifest.json'), '{');
    expect(codeOf(await adopt(pki.folder, 'taken'))).toBe('changed-by-others');
  });

  test('follows no link in the place of its own folder', async () => {
    await using pki = await aPki();
    await using elsewhere = await aFolder();
    await symlink(elsewhere.path, pki.at('.etcd-rotate'));
    expect(codeOf(await adopt(pki.folder))).toBe('install-failed');
    expect(readdirSync(elsewhere.path)).toEqual([]);
    expect(statSync(elsewhere.path).mode & 0o777).toBe(0o700);
  });
});

describe.concurrent('install', () => {
  test('switches certificate and key together: whoever reads them finds a pair', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    let over = false;
    let reads = 0;
    const reader = async () => {
      while (!over) {
        const first = await readFile(pki.at('cert'), 'utf8');
        const key = await readFile(pki.at('key'), 'utf8');
        // A pair that was switched between the two reads is read anew, as by whoever repeats a handshake.
        if (first !== (await readFile(pki.at('cert'), 'utf8'))) continue;
        expect(key.slice(4)).toBe(first.slice(5));
        reads += 1;
      }
    };
    const reading = reader();
    for (let i = 2; i < 12; i += 1) {
      unwrap(await installing(pki.folder, { key: `key ${i}`, cert: `cert ${i}` }, `c${i}`));
    }
    over = true;
    await reading;
    expect(reads).toBeGreaterThan(10);
  });

  test('does it by one rename: nothing is to be seen of it up to then', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    let seen: string[] = [];
    unwrap(
      await install([{ folder: pki.folder, contents: { cert: 'cert 2', key: 'key 2' } }], {
        madeBy: 'c1',
        beforeSwitch: async (previous) => {
          seen = seenIn(pki.path, ['cert', 'key']);
          expect(previous).toEqual({ [pki.path]: 1 });
          expect(existsSync(pki.at('.etcd-rotate', '000002'))).toBe(true);
        },
      }),
    );
    expect(seen).toEqual(['cert 1', 'key 1']);
    expect(seenIn(pki.path, pki.folder.names)).toEqual(['cert 2', 'key 2', 'ca 1']);
  });

  test('keeps owner, mode and time of what stays, and owner and mode for what is new', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    unwrap(await installing(pki.folder, { cert: 'cert 2', key: 'key 2' }));
    const about = (name: string) => {
      const { uid, gid, mode } = statSync(pki.at(name));
      return [uid, gid, mode & 0o777];
    };
    expect(statSync(pki.at('ca')).mtime).toEqual(long);
    expect(about('ca')).toEqual([12, 34, 0o644]);
    expect(about('cert')).toEqual([12, 34, 0o644]);
    expect(about('key')).toEqual([12, 34, 0o600]);
    expect(statSync(pki.at('cert')).mtimeMs).toBeGreaterThan(Date.now() - 10_000);
  });

  test('never lets others read a key, not even while it is written', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    let over = false;
    const modes = new Set<number>();
    const watching = (async () => {
      while (!over) {
        // A folder that was renamed while it was read is read again.
        const names = await readdir(pki.path, { recursive: true }).catch((): string[] => []);
        for (const name of names) {
          if (basename(name) !== 'key') continue;
          const seen = await lstat(pki.at(name)).catch(() => undefined);
          if (seen?.isFile()) modes.add(seen.mode & 0o777);
        }
      }
    })();
    for (let i = 0; i < 5; i += 1) unwrap(await installing(pki.folder, { key: `key ${i}` }, `c${i}`));
    over = true;
    await watching;
    expect([...modes]).toEqual([0o600]);
  });

  test('doing it twice is doing it once', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    unwrap(await installing(pki.folder, { cert: 'cert 2' }));
    const before = everything(pki.path);
    unwrap(await installing(pki.folder, { cert: 'cert 2' }));
    expect(everything(pki.path)).toEqual(before);
  });

  test('keeps files that the agent file does not name any more', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    unwrap(await installing({ ...pki.folder, names: ['cert', 'key'] }, { cert: 'cert 2', key: 'key 2' }));
    expect(seenIn(pki.path, ['ca'])).toEqual(['ca 1']);
  });

  test.each([
    [
      'a link replaced by a plain file',
      (at: TestFolder['at']) => rm(at('cert')).then(() => writeFile(at('cert'), 'x')),
    ],
    ['a file written through its link', (at: TestFolder['at']) => writeFile(at('cert'), 'x')],
    [
      'a link that leads elsewhere',
      (at: TestFolder['at']) => rm(at('cert')).then(() => symlink('ca', at('cert'))),
    ],
    [
      'a link inside the generation',
      async (at: TestFolder['at']) => {
        await rm(at('.etcd-rotate/000001/cert'));
        await symlink('../../ca', at('.etcd-rotate/000001/cert'));
      },
    ],
    [
      'a manifest that is damaged',
      (at: TestFolder['at']) => writeFile(at('.etcd-rotate/000001/.manifest.json'), '{"version":1'),
    ],
    ['a manifest that is gone', (at: TestFolder['at']) => rm(at('.etcd-rotate/000001/.manifest.json'))],
    ['a generation that is gone', (at: TestFolder['at']) => rm(at('.etcd-rotate/current'))],
  ])('refuses %s, and changes nothing', async (_what, meddle) => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    await meddle(pki.at);
    const before = everything(pki.path);
    const refused = await installing(pki.folder, { cert: 'cert 2' });
    expect(codeOf(refused)).toBe('changed-by-others');
    expect(everything(pki.path)).toEqual(before);
  });

  test.skipIf(!mayMount)('a read-only folder is refused, and everything in it is intact', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    execFileSync('mount', ['--bind', pki.path, pki.path]);
    execFileSync('mount', ['-o', 'remount,ro,bind', pki.path]);
    try {
      const before = everything(pki.path);
      expect(codeOf(await installing(pki.folder, { cert: 'cert 2' }))).toBe('install-failed');
      expect(codeOf(await leave(pki.folder))).toBe('install-failed');
      expect(everything(pki.path)).toEqual(before);
    } finally {
      execFileSync('umount', [pki.path]);
    }
  });

  test.skipIf(!mayMount)(
    'a full disk is refused, everything is intact, and what was before can still be put back',
    async () => {
      await using mounted = await aFolder();
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=256k,mode=0700', 'tmpfs', mounted.path]);
      try {
        const folder = { path: mounted.path, names: ['cert', 'key'] };
        await writeFile(mounted.at('cert'), 'cert 1');
        await writeFile(mounted.at('key'), 'key 1', { mode: 0o600 });
        unwrap(await adopt(folder));
        unwrap(await installing(folder, { cert: 'cert 2', key: 'key 2' }));
        execFileSync('sh', ['-c', `cat /dev/zero > ${mounted.at('fill')} 2>/dev/null || true`]);
        const before = everything(mounted.path);
        expect(codeOf(await installing(folder, { cert: 'cert 3', key: 'key 3' }, 'c2'))).toBe(
          'install-failed',
        );
        expect(everything(mounted.path)).toEqual(before);
        expect(codeOf(await leave(folder))).toBe('install-failed');
        expect(everything(mounted.path)).toEqual(before);
        unwrap(await restore(folder.path, { number: 1, names: folder.names, unread: false }));
        expect(seenIn(mounted.path, folder.names)).toEqual(['cert 1', 'key 1']);
      } finally {
        execFileSync('umount', [mounted.path]);
      }
    },
  );

  test('what cannot be recorded before the switch is not switched to, and leaves nothing behind', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    const before = everything(pki.path);
    const done = await install([{ folder: pki.folder, contents: { cert: 'cert 2' } }], {
      madeBy: 'c1',
      beforeSwitch: async () => {
        throw new Error('ENOSPC: no space left on device');
      },
    });
    expect(codeOf(done)).toBe('install-failed');
    expect(everything(pki.path)).toEqual(before);
  });

  test.skipIf(!mayMount)(
    'writes several folders before it switches any, and those it did already it leaves',
    async () => {
      await using keys = await aPki(['key']);
      await using certs = await aPki(['cert']);
      const replacements: Replacement[] = [
        { folder: keys.folder, contents: { key: 'key 2' } },
        { folder: certs.folder, contents: { cert: 'cert 2' } },
      ];
      for (const { folder } of replacements) unwrap(await adopt(folder));
      execFileSync('mount', ['--bind', certs.path, certs.path]);
      execFileSync('mount', ['-o', 'remount,ro,bind', certs.path]);
      try {
        expect(codeOf(await install(replacements, { madeBy: 'c1', beforeSwitch: async () => {} }))).toBe(
          'install-failed',
        );
        expect(seenIn(keys.path, ['key'])).toEqual(['key 1']);
      } finally {
        execFileSync('umount', [certs.path]);
      }
      // As after a crash between the two switches.
      unwrap(await installing(keys.folder, { key: 'key 2' }));
      const previous: Record<string, number>[] = [];
      unwrap(
        await install(replacements, { madeBy: 'c1', beforeSwitch: async (all) => void previous.push(all) }),
      );
      expect(previous).toEqual([{ [certs.path]: 1 }]);
      expect([...seenIn(keys.path, ['key']), ...seenIn(certs.path, ['cert'])]).toEqual(['key 2', 'cert 2']);
    },
  );

  test('finds out for each file since when it is seen as it is', async () => {
    await using pki = await aPki();
    const written = statSync(pki.at('ca')).ctime;
    await nextMillisecond();
    unwrap(await adopt(pki.folder));
    const before = await momentNow();
    unwrap(await installing(pki.folder, { cert: 'cert 2' }));
    expect(await sinceOf(pki.at('ca'))).toEqual(written);
    const since = await sinceOf(pki.at('cert'));
    if (since instanceof Date) throw new Error('a file that we switched to has a moment');
    expect(since.boot).toBe(before.boot);
    expect(since.ticks).toBeGreaterThanOrEqual(before.ticks);
    expect(await sinceOf(pki.at('cert'))).toEqual(since);
  });

  test('a file that was brought with an old modification time is as new as it came', async () => {
    await using pki = await aPki();
    const before = Date.now();
    await pause(20);
    await writeFile(pki.at('new'), 'ca 2');
    await utimes(pki.at('new'), long, long);
    await rename(pki.at('new'), pki.at('ca'));
    expect(statSync(pki.at('ca')).mtime).toEqual(long);
    const since = await sinceOf(pki.at('ca'));
    if (!(since instanceof Date)) throw new Error('nobody has noted a moment');
    expect(since.getTime()).toBeGreaterThan(before);
    unwrap(await adopt(pki.folder));
    expect(await sinceOf(pki.at('ca'))).toEqual(since);
    // Through our link as well.
    await pause(20);
    execFileSync('cp', ['-p', pki.at('cert'), pki.at('.etcd-rotate/current/ca')]);
    expect((await sinceOf(pki.at('ca'))) > since).toBe(true);
  });

  test('a modification time in the future is believed', async () => {
    await using pki = await aPki();
    const later = new Date(Date.now() + 3_600_000);
    await utimes(pki.at('ca'), later, later);
    expect(await sinceOf(pki.at('ca'))).toEqual(later);
  });

  test('a file that others wrote through our link is as old as that, whatever we noted', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    unwrap(await installing(pki.folder, { cert: 'cert 2' }));
    await writeFile(pki.at('cert'), 'cert of others');
    expect(await sinceOf(pki.at('cert'))).toEqual(statSync(pki.at('cert')).ctime);
    await writeFile(pki.at('cert'), 'cert 2');
    expect(await sinceOf(pki.at('cert'))).not.toBeInstanceOf(Date);
  });

  test.each([undefined, '', '{"boot":', '{}', 'null'])(
    'after a crash right behind the switch (%s), files count as seen only from when that is found',
    async (left) => {
      await using pki = await aPki();
      unwrap(await adopt(pki.folder));
      unwrap(await installing(pki.folder, { cert: 'cert 2' }));
      const seen = pki.at('.etcd-rotate/000002/.seen.json');
      if (left === undefined) await rm(seen);
      else await writeFile(seen, left);
      const now = await momentNow();
      await settleFolder(pki.folder);
      const since = await sinceOf(pki.at('cert'));
      expect(since instanceof Date ? 0 : since.ticks).toBeGreaterThanOrEqual(now.ticks);
      expect(await sinceOf(pki.at('cert'))).toEqual(since);
    },
  );
});

test.concurrent('after a power cut that took that along, every process of this boot has read the files', async () => {
  await using pki = await aPki();
  unwrap(await adopt(pki.folder));
  unwrap(await installing(pki.folder, { cert: 'cert 2' }));
  const { ticks } = await momentNow();
  const process = { startTicks: ticks - 1, startedAt: new Date().toISOString() };
  await rm(pki.at('.etcd-rotate/000002/.seen.json'));
  expect(await startedSince(process, await sinceOf(pki.at('cert')))).toBe(false);
  const manifest = pki.at('.etcd-rotate/000002/.manifest.json');
  const noted = JSON.parse(readFileSync(manifest, 'utf8'));
  await writeFile(manifest, JSON.stringify({ ...noted, boot: 'the boot before' }));
  expect(await startedSince(process, await sinceOf(pki.at('cert')))).toBe(true);
  await settleFolder(pki.folder);
  expect(await startedSince(process, await sinceOf(pki.at('cert')))).toBe(true);
});

describe.concurrent('restore', () => {
  test('goes back to what was there, twice as once', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    unwrap(await installing(pki.folder, { cert: 'cert 2', key: 'key 2' }));
    for (const _time of [1, 2]) {
      unwrap(await restore(pki.path, { number: 1, names: ['cert', 'key'], unread: false }));
      expect(seenIn(pki.path, pki.folder.names)).toEqual(['cert 1', 'key 1', 'ca 1']);
    }
    expect(await readlink(pki.at('.etcd-rotate/current'))).toBe('000001');
  });

  test('files that came back count as written then, and as ever before where nobody had read the others', async () => {
    await using pki = await aPki();
    const [cert, ca] = [statSync(pki.at('cert')).ctime, statSync(pki.at('ca')).ctime];
    await nextMillisecond();
    unwrap(await adopt(pki.folder));
    unwrap(await installing(pki.folder, { cert: 'cert 2' }));
    unwrap(await restore(pki.path, { number: 1, names: ['cert'], unread: true }));
    expect(await sinceOf(pki.at('cert'))).toEqual(cert);
    unwrap(await installing(pki.folder, { cert: 'cert 2', ca: 'ca 2' }, 'c2'));
    const then = await sinceOf(pki.at('cert'));
    unwrap(await installing(pki.folder, { cert: 'cert 3' }, 'c3'));
    unwrap(await restore(pki.path, { number: 3, names: ['cert'], unread: true }));
    expect(await sinceOf(pki.at('cert'))).toEqual(then);
    unwrap(await restore(pki.path, { number: 1, names: ['ca'], unread: true }));
    unwrap(await restore(pki.path, { number: 1, names: ['cert'], unread: false }));
    expect(await sinceOf(pki.at('cert'))).not.toBeInstanceOf(Date);
    expect(await sinceOf(pki.at('ca'))).toEqual(ca);
  });

  test('leaves alone what another command has changed since', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    unwrap(await installing(pki.folder, { cert: 'cert 2', key: 'key 2' }, 'c1'));
    unwrap(await installing(pki.folder, { ca: 'ca 2' }, 'c2'));
    for (const _time of [1, 2]) {
      unwrap(await restore(pki.path, { number: 1, names: ['cert', 'key'], unread: false }));
      expect(seenIn(pki.path, pki.folder.names)).toEqual(['cert 1', 'key 1', 'ca 2']);
    }
    expect(codeOf(await checkIntact(pki.folder))).toBe('ok');
  });

  test('keeps names that came to the folder since', async () => {
    await using pki = await aPki();
    const some = { ...pki.folder, names: ['cert', 'key'] };
    unwrap(await adopt(some));
    unwrap(await installing(some, { cert: 'cert 2', key: 'key 2' }));
    unwrap(await adopt(pki.folder));
    unwrap(await restore(pki.path, { number: 1, names: ['cert', 'key'], unread: false }));
    expect(seenIn(pki.path, pki.folder.names)).toEqual(['cert 1', 'key 1', 'ca 1']);
  });

  test('never makes a generation current that is gone or damaged', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    unwrap(await installing(pki.folder, { cert: 'cert 2' }));
    await writeFile(pki.at('.etcd-rotate/000001/cert'), 'x');
    expect(codeOf(await restore(pki.path, { number: 1, names: ['cert'], unread: false }))).toBe(
      'changed-by-others',
    );
    await rm(pki.at('.etcd-rotate/000001'), { recursive: true });
    expect(codeOf(await restore(pki.path, { number: 1, names: ['cert'], unread: false }))).toBe(
      'changed-by-others',
    );
    expect(seenIn(pki.path, ['cert'])).toEqual(['cert 2']);
  });
});

describe.concurrent('leave', () => {
  test('makes plain files with owner and mode, and removes what we made', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    unwrap(await installing(pki.folder, { cert: 'cert 2' }));
    unwrap(await leave(pki.folder));
    expect((await readdir(pki.path)).sort()).toEqual(['ca', 'cert', 'key']);
    expect(seenIn(pki.path, pki.folder.names)).toEqual(['cert 2', 'key 1', 'ca 1']);
    const key = lstatSync(pki.at('key'));
    expect([key.isFile(), key.uid, key.mode & 0o777, key.mtime]).toEqual([true, 12, 0o600, long]);
    // What was switched to is as new as the switch: a process from before has not read it.
    expect(lstatSync(pki.at('cert')).mtimeMs).toBeGreaterThan(Date.now() - 10_000);
  });

  test('leaves no link behind that the agent file does not name any more', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    unwrap(await leave({ path: pki.path }));
    expect(lstatSync(pki.at('ca')).isFile()).toBe(true);
  });

  test('twice is once, also where it was cut off', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    await rm(pki.at('cert'));
    await writeFile(pki.at('cert'), 'cert 1');
    for (const _time of [1, 2]) unwrap(await leave(pki.folder));
    expect((await readdir(pki.path)).sort()).toEqual(['ca', 'cert', 'key']);
  });

  test('removes nothing where a link leads nowhere', async () => {
    await using pki = await aPki();
    unwrap(await adopt(pki.folder));
    await rm(pki.at('.etcd-rotate/current'));
    expect(codeOf(await leave(pki.folder))).toBe('install-failed');
    expect(readFileSync(pki.at('.etcd-rotate/000001/ca'), 'utf8')).toBe('ca 1');
  });
});
