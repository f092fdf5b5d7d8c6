import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FleetFile } from '@etcd-rotate/protocol';
import { afterAll, expect, test } from 'vitest';
import { readSecretFile } from './read-secret-file.ts';
import { readYaml } from './read-yaml.ts';

const folder = mkdtempSync(join(tmpdir(), 'etcd-rotate-files-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

test.each([
  ['a pipe', (path: string) => execFileSync('mkfifo', ['-m', '600', path])],
  ['a device without an end', (path: string) => symlinkSync('/dev/zero', path)],
  ['a folder', (path: string) => symlinkSync('/', path)],
  ['a link to itself', (path: string) => symlinkSync(path, path)],
  [
    'more than such files have',
    (path: string) => writeFileSync(path, Buffer.alloc(5 << 20), { mode: 0o600 }),
  ],
])('reads no configuration and no secret from %s', async (name, put) => {
  const path = join(folder, name.replaceAll(' ', '-'));
  put(path);
  expect(await readYaml(FleetFile, path)).toMatchObject({ ok: false, failure: { code: 'bad-file' } });
  expect(await readSecretFile(path, '')).toMatchObject({ ok: false, failure: { code: 'bad-file' } });
});

test.each([
  ['aliases that unfold without end', `a: &a [x]\n${unfolding(12)}`],
  ['lists ten thousand deep', `a: ${'['.repeat(10_000)}${']'.repeat(10_000)}`],
  ['a tag that nobody knows', 'version: !!js/function "1"'],
  ['a field twice', 'version: 1\nversion: 1'],
])('says of YAML with %s that it cannot be read', async (name, text) => {
  const path = join(folder, name.replaceAll(' ', '-'));
  writeFileSync(path, text);
  expect(await readYaml(FleetFile, path)).toMatchObject({ ok: false, failure: { code: 'bad-file' } });
});

test('reads a secret that is its owner’s alone, also through a link', async () => {
  const [path, link] = [join(folder, 'secret'), join(folder, 'link')];
  writeFileSync(path, 'open sesame', { mode: 0o600 });
  symlinkSync(path, link);
  expect(await readSecretFile(link, '')).toMatchObject({ ok: true, value: 'open sesame' });
  chmodSync(path, 0o640);
  expect(await readSecretFile(link, '')).toMatchObject({ ok: false, failure: { code: 'bad-file' } });
});

/** Each line ten times the one before. */
function unfolding(lines: number): string {
  const names = 'abcdefghijklmnopqrstuvwxyz';
  return Array.from({ length: lines }, (_, i) => {
    const before = names[i];
    return `${names[i + 1]}: &${names[i + 1]} [${Array.from({ length: 10 }, () => `*${before}`).join(', ')}]`;
  }).join('\n');
}
