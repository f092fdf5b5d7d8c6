import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { lockFolder } from './folder-lock.ts';

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'etcd-rotate-lock-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Another process that holds the lock until it is killed. */
async function aHolder(): Promise<{ pid: number; kill(): Promise<void> }> {
  const script = `
    import { lockFolder } from ${JSON.stringify(new URL('./folder-lock.ts', import.meta.url).href)};
    const lock = await lockFolder(${JSON.stringify(folder)});
    process.stdout.write(lock.ok ? 'held' : lock.failure.message);
    setInterval(() => lock, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [said] = await once(child.stdout, 'data');
  expect(String(said)).toBe('held');
  return {
    pid: child.pid ?? 0,
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

test('a folder is held by one process, which is named, and is free the moment that is killed', async () => {
  const holder = await aHolder();
  const refused = await lockFolder(folder);
  expect(refused).toMatchObject({ ok: false, failure: { code: 'state-locked' } });
  expect(refused.ok ? '' : refused.failure.message).toContain(`process ${holder.pid}`);
  await holder.kill();
  const lock = await lockFolder(folder);
  expect(lock.ok).toBe(true);
  if (lock.ok) lock.value[Symbol.dispose]();
});

test('a child that runs on does not keep the lock', async () => {
  const lock = await lockFolder(folder);
  if (!lock.ok) throw new Error(lock.failure.message);
  const child = spawn('sleep', ['60'], { detached: true, stdio: 'ignore' });
  try {
    lock.value[Symbol.dispose]();
    const again = await lockFolder(folder);
    expect(again.ok).toBe(true);
    if (again.ok) again.value[Symbol.dispose]();
  } finally {
    child.kill('SIGKILL');
  }
});

test('of many who want it at once, one gets it', async () => {
  const locks = await Promise.all(Array.from({ length: 10 }, () => lockFolder(folder)));
  expect(locks.filter(({ ok }) => ok)).toHaveLength(1);
  for (const lock of locks) if (lock.ok) lock.value[Symbol.dispose]();
});
