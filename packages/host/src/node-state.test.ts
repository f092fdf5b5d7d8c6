import { readFileSync, statSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import type { HolderId } from '@etcd-rotate/protocol';
import { describe, expect, test } from 'vitest';
import { aFolder, codeOf, unwrap } from './folder.fixture.ts';
import { aCommand } from './node.fixture.ts';
import { openNodeState } from './node-state.ts';

describe('the epoch', () => {
  test('is on disk when it is raised, and there again after a restart', async () => {
    await using folder = await aFolder();
    const state = await openNodeState(folder.path);
    expect(state.epoch.current()).toBe(0);
    unwrap(await state.epoch.raise(7));
    expect(readFileSync(folder.at('epoch'), 'utf8')).toBe('7\n');
    expect((await openNodeState(folder.path)).epoch.current()).toBe(7);
  });

  test('is never lowered, neither in memory nor on disk', async () => {
    await using folder = await aFolder();
    const state = await openNodeState(folder.path);
    unwrap(await state.epoch.raise(7));
    unwrap(await state.epoch.raise(3));
    expect(state.epoch.current()).toBe(7);
    expect((await openNodeState(folder.path)).epoch.current()).toBe(7);
  });

  test('stays what it was where it cannot be written', async () => {
    await using folder = await aFolder();
    const state = await openNodeState(folder.at('state'));
    unwrap(await state.epoch.raise(1));
    await rm(folder.at('state'), { recursive: true });
    await writeFile(folder.at('state'), '');
    expect(codeOf(await state.epoch.raise(2))).toBe('bad-file');
    expect(state.epoch.current()).toBe(1);
  });

  test.each(['', '7', 'x\n', '-1\n', '1e9\n'])('that is damaged (%j) is no epoch of zero', async (text) => {
    await using folder = await aFolder();
    await writeFile(folder.at('epoch'), text);
    const state = await openNodeState(folder.path);
    expect(state.fault).toMatchObject({ code: 'bad-file' });
    expect(state.fault?.message).toContain(folder.at('epoch'));
    expect(codeOf(await state.epoch.raise(9))).toBe('bad-file');
    expect(await readFile(folder.at('epoch'), 'utf8')).toBe(text);
  });
});

describe('records', () => {
  test('survive a restart', async () => {
    await using folder = await aFolder();
    const state = await openNodeState(folder.path);
    await state.write('a', { contents: 'x', before: { '/pki': 3 }, ran: true });
    const reopened = await openNodeState(folder.path);
    expect(reopened.record('a')).toEqual({ contents: 'x', before: { '/pki': 3 }, ran: true });
    expect(reopened.record('b')).toBeUndefined();
  });

  test('keep what a holder was told last, until it has come to an end', async () => {
    await using folder = await aFolder();
    const state = await openNodeState(folder.path);
    const told = (step: string, holder: HolderId) => aCommand({ type: 'snapshot' }, { step, holder });
    const [first, second, other] = [
      told('s1', 'member/m1'),
      told('s2', 'member/m1'),
      told('s1', 'client/api'),
    ];
    await state.write('1', { contents: 'x', command: first, before: { '/pki': 3 } });
    await state.write('2', { contents: 'x', command: other });
    expect(state.unfinished()).toEqual([first, other]);
    await state.write('3', { contents: 'x', command: second });
    expect((await openNodeState(folder.path)).unfinished()).toEqual([other, second]);
    expect(state.record('1')).toEqual({ contents: 'x', before: { '/pki': 3 } });
    await state.write('3', { contents: 'x' });
    expect((await openNodeState(folder.path)).unfinished()).toEqual([other]);
  });

  test('with a command that cannot be read are damaged: what was begun is not known', async () => {
    await using folder = await aFolder();
    const record = { contents: 'x', command: { ...aCommand({ type: 'snapshot' }), v: 2 } };
    await writeFile(folder.at('commands.json'), JSON.stringify({ a: record }));
    expect((await openNodeState(folder.path)).fault).toMatchObject({ code: 'bad-file' });
  });

  test('are for us alone', async () => {
    await using folder = await aFolder();
    const state = await openNodeState(folder.at('state'));
    await state.write('a', { contents: 'x' });
    expect(statSync(folder.at('state')).mode & 0o777).toBe(0o700);
    expect(statSync(folder.at('state', 'commands.json')).mode & 0o777).toBe(0o600);
  });

  test('that are written at once do not cross', async () => {
    await using folder = await aFolder();
    const state = await openNodeState(folder.path);
    const ids = Array.from({ length: 20 }, (_, i) => `c${i}`);
    await Promise.all(ids.map((id) => state.write(id, { contents: id })));
    const reopened = await openNodeState(folder.path);
    expect(ids.map((id) => reopened.record(id)?.contents)).toEqual(ids);
  });

  test('are kept to the last two hundred written', async () => {
    await using folder = await aFolder();
    const many = Array.from({ length: 200 }, (_, i) => [`c${i}`, { contents: 'x' }]);
    await writeFile(folder.at('commands.json'), JSON.stringify(Object.fromEntries(many)));
    const state = await openNodeState(folder.path);
    await state.write('c0', { contents: 'again' });
    await state.write('new', { contents: 'x' });
    const reopened = await openNodeState(folder.path);
    expect([
      reopened.record('c0')?.contents,
      reopened.record('c1'),
      reopened.record('new')?.contents,
    ]).toEqual(['again', undefined, 'x']);
  });

  test('that could not be written are not there', async () => {
    await using folder = await aFolder();
    const state = await openNodeState(folder.path);
    await mkdir(folder.at('commands.json'));
    await expect(state.write('a', { contents: 'x' })).rejects.toThrow();
    expect(state.record('a')).toBeUndefined();
    await rm(folder.at('commands.json'), { recursive: true });
    await state.write('b', { contents: 'x' });
    expect((await openNodeState(folder.path)).record('b')).toBeDefined();
  });

  test.each(['', '{"a":{"conte', '[]', 'null', '{"a":1}', '{"a":null}'])(
    'that are damaged (%s) are a failure that is told, neither a crash nor forgotten',
    async (text) => {
      await using folder = await aFolder();
      await writeFile(folder.at('commands.json'), text);
      const state = await openNodeState(folder.path);
      expect(state.fault).toMatchObject({ code: 'bad-file' });
      expect(state.fault?.message).toContain('commands.json is damaged');
      await expect(state.write('a', { contents: 'x' })).rejects.toThrow('damaged');
      expect(await readFile(folder.at('commands.json'), 'utf8')).toBe(text);
    },
  );
});
